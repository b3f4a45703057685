/** The option `--columns`: which columns of a data file are read, as JSON. */
import { StudioError } from '../../engine/spec/errors.ts';
import { parseField } from '../../engine/spec/recipe.ts';
import { chatColumns, classificationColumns, type Columns } from '../../engine/spec/tasks.ts';

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
  const isChat = typeof value === 'object' && value !== null && ('messages' in value || 'prompt' in value);
  return isChat ? parseField(chatColumns, value, 'columns') : parseField(classificationColumns, value, 'columns');
}
