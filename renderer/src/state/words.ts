/** Short names of tasks, methods, steps and run states, as the frame and the ledgers use them. */
import type { MethodName } from '../../../engine/spec/methods/index.ts';
import { taskNames, type TaskName } from '../../../engine/spec/tasks.ts';
import type { Destination, RunState, Step } from '../../../main/contract/views.ts';

export const stepNames = {
  data: 'Data',
  goal: 'Goal',
  model: 'Model',
  method: 'Method',
  settings: 'Settings',
  fit: 'Fit check',
  train: 'Train',
  result: 'Result',
  try: 'Try it',
  export: 'Export',
} satisfies Record<Step, string>;

export const methodLabels = {
  full: 'Full fine-tuning',
  'linear-probe': 'Linear probe',
  'in-context': 'In-context examples',
  lora: 'LoRA',
  adapter: 'Adapters',
  prefix: 'Prefix tuning',
  prompt: 'Prompt tuning',
  'p-tuning': 'P-tuning',
  'p-tuning-v2': 'P-tuning v2',
  ia3: 'IA³',
} satisfies Record<MethodName, string>;

export const taskLabels = {
  'text-classification': 'Sort into categories',
  chat: 'Answer in a chat',
  'text-generation': 'Continue or write text',
  translation: 'Translate',
  summarization: 'Summarise',
  'token-classification': 'Find spans: names, dates',
  'question-answering': 'Answer from a passage',
  'multiple-choice': 'Choose one of several answers',
} satisfies Record<TaskName, string>;

export const destinationLabels = {
  here: 'this app',
  peft: 'Python, with PEFT',
  ollama: 'Ollama or llama.cpp',
  'lm-studio': 'LM Studio',
  onnx: 'ONNX',
} satisfies Record<Destination, string>;

export const runStateLabels = {
  queued: 'waiting',
  starting: 'starting',
  running: 'training',
  paused: 'paused',
  finished: 'finished',
  stopped: 'stopped, best version kept',
  cancelled: 'cancelled',
  failed: 'failed',
  interrupted: 'interrupted',
} satisfies Record<RunState, string>;

export type TaskChoice = TaskName | '';

/** Goals to choose from, the first as files say. */
export const taskChoices: readonly { readonly value: TaskChoice; readonly label: string }[] = [
  { value: '', label: 'goal as its files say' },
  ...taskNames.map((value) => ({ value, label: taskLabels[value] })),
];

export function taskOfChoice(choice: TaskChoice): TaskName | null {
  return choice === '' ? null : choice;
}
