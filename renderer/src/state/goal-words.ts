/** Goals and destinations as the Goal page offers them: in the user's words, with what this version cannot do yet. */
import { supportedTasks, taskNames, type SupportedTask, type TaskName } from '../../../engine/spec/tasks.ts';
import { destinations, type DatasetView, type Destination, type ProjectDraft } from '../../../main/contract/views.ts';
import { counted, countedInWords } from '../lib/format.ts';
import { kindOf } from '../lib/mapping.ts';
import { rowsOf } from './ticket.ts';
import { destinationLabels, taskLabels } from './words.ts';

const aboutTask = {
  'text-classification':
    'Each text gets one of your categories: comments by topic, mails by urgency, requests by what they want.',
  chat: 'It answers questions in the voice of your examples.',
  'text-generation': 'It writes on from a beginning, in your style.',
  translation: 'From one language to another, with your house terms.',
  summarization: 'Long texts become short ones.',
  'token-classification': 'It marks words in a text: names, dates, amounts.',
  'question-answering': 'It finds the answer to a question inside a given passage.',
  'multiple-choice': 'It picks the right one of several given answers.',
} satisfies Record<TaskName, string>;

const aboutDestination = {
  here: 'Ask it in this app, whenever you like.',
  peft: 'A folder that Transformers and PEFT load in two lines.',
  ollama: 'A file that runs without this app.',
  'lm-studio': 'A file that LM Studio opens.',
  onnx: 'A graph for your own program.',
} satisfies Record<Destination, string>;

const reachable: readonly Destination[] = ['here', 'peft'];
const notYet = 'not in this version';

export interface Option<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly about: string;
  readonly note?: string;
  readonly disabled?: boolean;
}

export function isSupported(task: TaskName): task is SupportedTask {
  return (supportedTasks as readonly TaskName[]).includes(task);
}

/** Goals that can be chosen stand first; the one the columns suggest is marked. */
export function goalOptions(dataset: DatasetView | null): readonly Option<TaskName>[] {
  return taskNames
    .toSorted((a, b) => Number(isSupported(b)) - Number(isSupported(a)))
    .map((task) => ({
      value: task,
      label: taskLabels[task],
      about: aboutTask[task],
      ...(!isSupported(task) && { disabled: true, note: notYet }),
      ...(isSupported(task) && task === suggestedTask(dataset) && { note: 'suits your columns' }),
    }));
}

export function destinationOptions(): readonly Option<Destination>[] {
  return destinations.map((destination) => ({
    value: destination,
    label: destinationLabels[destination].replace(/^t/, 'T'),
    about: aboutDestination[destination],
    ...(!reachable.includes(destination) && { disabled: true, note: notYet }),
  }));
}

/** The goal that the columns as they are mapped are made for. */
export function suggestedTask(dataset: DatasetView | null): SupportedTask | null {
  if (!dataset?.mapping) return dataset?.suggestedTask ?? null;
  return kindOf(dataset.mapping) === 'categories' ? 'text-classification' : 'chat';
}

/** True when the columns are mapped for another goal than the one chosen. */
export function columnsDisagree(draft: ProjectDraft, dataset: DatasetView | null): boolean {
  if (draft.task === null || dataset === null) return false;
  return dataset.mapping === null || draft.task !== suggestedTask(dataset);
}

export function goalTitle(draft: ProjectDraft, dataset: DatasetView | null): string {
  const rows = dataset === null ? 'your rows' : counted(rowsOf(dataset), 'row', 'rows');
  if (draft.task === null) return `What should it learn from ${dataset === null ? rows : `your ${rows}`}?`;
  if (columnsDisagree(draft, dataset)) {
    return draft.task === 'chat'
      ? 'To answer in a chat, it needs a column with the answers.'
      : 'To sort texts, it needs a column with the categories.';
  }
  if (draft.task === 'chat') return `It will learn to answer as your ${rows} do.`;
  const labels = dataset?.labels.length ?? 0;
  return `It will learn to sort texts into ${labels > 0 ? `your ${countedInWords(labels, 'category', 'categories')}` : 'your categories'}, from ${rows}.`;
}
