/** The option `--columns`: which columns of a data file are read, as JSON. */
import { z } from 'zod';
import { StudioError } from '../../engine/spec/errors.ts';
import { parseField } from '../../engine/spec/recipe.ts';
import { columnSchemas, taskNames, type Columns } from '../../engine/spec/tasks.ts';

export const columnsHelp =
  'columns as JSON, e.g. \'{"text":["subject","body"],"label":"label"}\' or \'{"prompt":"q","response":"a"}\'';

/** @throws StudioError 'recipe.field' with the legal answers */
export function parseColumns(text: string): Columns {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw new StudioError('recipe.field', { path: 'columns', value: text, legal: columnsHelp }, { cause: thrown });
  }
  return parseField<Columns>(nearestSchema(value), value, 'columns');
}

/** The schema that fits, else the one that has most of the keys: it says best what is wrong with the others. */
function nearestSchema(value: unknown): z.ZodType<Columns> {
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  const known = (schema: z.ZodType): number => {
    const shapes = schema instanceof z.ZodUnion ? schema.options : [schema];
    const names = shapes.map((shape) => (shape instanceof z.ZodObject ? Object.keys(shape.shape) : []));
    return Math.max(...names.map((one) => keys.filter((key) => one.includes(key)).length));
  };
  const schemas = taskNames.map((task): z.ZodType<Columns> => columnSchemas[task]);
  const fitting = schemas.find((schema) => schema.safeParse(value).success);
  return fitting ?? schemas.reduce((best, schema) => (known(schema) > known(best) ? schema : best));
}
