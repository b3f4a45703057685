/** Settings of methods that change chosen modules: which ones, by PEFT's rules. */
import { z } from 'zod';
import { field } from './common.ts';

const names = z.array(z.string().min(1)).min(1);

export const targetFields = {
  targetModules: field(names, {
    label: 'Layers it corrects',
    term: 'target modules',
    help: 'Names of the layers that get a correction: a name, or the end of one; all-linear: every layer below the answer.',
    advanced: true,
  }),
  targetPattern: field(z.string().min(1).max(1000).nullable(), {
    label: 'Layers it corrects, as a pattern',
    term: 'target pattern',
    help: 'A regular expression on whole names, in place of the names above.',
    advanced: true,
  }),
  excludeModules: field(names.nullable(), {
    label: 'Layers it leaves alone',
    term: 'exclude modules',
    help: 'Names, or ends of names, that get no correction although they were chosen.',
    advanced: true,
  }),
  excludePattern: field(z.string().min(1).max(1000).nullable(), {
    label: 'Layers it leaves alone, as a pattern',
    term: 'exclude pattern',
    help: 'A regular expression on whole names.',
    advanced: true,
  }),
  layersToTransform: field(z.array(z.int().min(0)).min(1).nullable(), {
    label: 'Only in these layers of the stack',
    term: 'layers to transform',
    help: 'Numbers of the layers, from 0, where layers are chosen by name. Empty: all.',
    advanced: true,
  }),
  layersPattern: field(names.nullable(), {
    label: 'What holds the layers',
    term: 'layers pattern',
    help: 'Names of the list of layers, where it is not the first that is numbered.',
    advanced: true,
  }),
  modulesToSave: field(names.nullable(), {
    label: 'Modules that learn whole',
    term: 'modules to save',
    help: 'Ends of the names of modules that learn and are saved whole. Empty: the new head.',
    advanced: true,
  }),
};

export type TargetSettings = z.infer<z.ZodObject<typeof targetFields>>;

/** All layers of the stack, nothing left out. */
export const plainTargets = {
  targetPattern: null,
  excludeModules: null,
  excludePattern: null,
  layersToTransform: null,
  layersPattern: null,
  modulesToSave: null,
} as const satisfies Partial<TargetSettings>;
