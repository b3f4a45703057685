/** What a base model is: its architecture, size and the tasks it can be trained for. */
import type { CommandHandler } from '../spec/commands.ts';
import { taskNames } from '../spec/tasks.ts';
import { taskOf } from '../tasks/registry.ts';
import { openArchitecture, parameterCount } from './prepare.ts';

export const inspectModel: CommandHandler<'inspectModel'> = async ({ modelPath }) => {
  const opened = await openArchitecture(modelPath);
  const { base, architecture, config } = opened;
  try {
    const canTrain = (task: (typeof taskNames)[number]): boolean => {
      const head = taskOf(task).head({
        labels: ['a', 'b'],
        labelling: 'one',
        unanswerable: false,
        architecture,
        config,
      });
      return head !== null && (task !== 'chat' || base.chatTemplate !== null);
    };
    return {
      path: base.path,
      name: base.name,
      architecture: architecture.type,
      parameters: parameterCount(opened),
      bytes: base.weights.bytes,
      contextLength: Number.isFinite(config.maxLength) ? config.maxLength : null,
      layers: config.layers,
      hidden: config.hidden,
      tasks: taskNames.filter(canTrain),
    };
  } finally {
    await base.close();
  }
};
