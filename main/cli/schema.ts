/** `atelier schema`: the JSON Schema of a recipe, with the defaults of a method and a task. */
import { Argument, Command, Option } from 'commander';
import { catalogue } from '../../engine/spec/catalogue.ts';
import { StudioError } from '../../engine/spec/errors.ts';
import { presetNames, type PresetName } from '../../engine/spec/methods/common.ts';
import { methodNames, supportedMethods, type MethodName } from '../../engine/spec/methods/index.ts';
import { recipeJsonSchema } from '../../engine/spec/recipe.ts';
import { taskNames, type TaskName } from '../../engine/spec/tasks.ts';
import { runAction } from './session.ts';

interface Options {
  readonly method: MethodName;
  readonly task: TaskName;
  readonly preset: PresetName;
  readonly json?: boolean;
}

export function schemaCommand(): Command {
  return new Command('schema')
    .description('print the JSON Schema of a recipe: every field with its limits, help and default')
    .addArgument(new Argument('<what>', 'what is described').choices(['recipe']))
    .addOption(new Option('--method <method>', 'whose settings').choices([...methodNames]).default('lora'))
    .addOption(new Option('--task <task>', 'for which task').choices([...taskNames]).default('text-classification'))
    .addOption(
      new Option('--preset <preset>', 'whose values are the defaults').choices([...presetNames]).default('balanced'),
    )
    .option('--json', 'the schema on one line')
    .action((_what: string, options: Options) =>
      runAction(options, () => {
        const schema = recipeSchema(options);
        return Promise.resolve({ value: schema, human: JSON.stringify(schema, null, 2) });
      }),
    );
}

function recipeSchema({ method: methodName, task: taskName, preset }: Options) {
  const method = supportedMethods.find((name) => name === methodName);
  if (!method)
    throw new StudioError('not-yet', { what: 'method', value: methodName, available: supportedMethods.join(', ') });
  const task = taskNames.find((name) => name === taskName);
  if (!task) throw new StudioError('recipe.field', { path: 'task', value: taskName, legal: taskNames.join(', ') });
  const model = catalogue.find(({ tasks }) => tasks.includes(task));
  const context = { task, architecture: model?.architecture ?? null, parameters: model?.parameters ?? null };
  return recipeJsonSchema({ method, context, preset });
}
