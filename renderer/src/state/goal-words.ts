/** Goals and destinations as the Goal page offers them: in the user's words, with what each learns from. */
import type { Columns, TaskName } from '../../../engine/spec/tasks.ts';
import { destinations, type DatasetView, type Destination, type ProjectDraft } from '../../../main/contract/views.ts';
import { counted, countedInWords } from '../lib/format.ts';
import { mappingOf, rolesOf, shapeOf, type ShapeName } from '../lib/mapping.ts';
import { rowsOf } from '../lib/rows.ts';
import { destinationLabels, taskLabels } from './words.ts';

interface Goal {
  readonly task: TaskName;
  /** What its rows can look like, the usual first. */
  readonly shapes: readonly ShapeName[];
  readonly label: string;
  readonly about: string;
  /** What it needs of the columns. */
  readonly needs: string;
  /** The page's sentence, from "12 rows". */
  readonly title: (rows: string, labels: number) => string;
  /** What a project with this goal does, on Home. */
  readonly purpose: (labels: number) => string;
}

const goals = {
  categories: {
    task: 'text-classification',
    shapes: ['categories'],
    label: taskLabels['text-classification'],
    about: 'Each text gets one of your categories. Learns from a column with texts and one with their category.',
    needs: 'To sort texts, it needs a column with the categories.',
    title: (rows, labels) =>
      `It will learn to sort texts into ${labels > 0 ? `your ${countedInWords(labels, 'category', 'categories')}` : 'your categories'}, from ${rows}.`,
    purpose: (labels) =>
      labels > 0
        ? `Sorts texts into ${countedInWords(labels, 'category', 'categories')}`
        : 'Sorts texts into categories',
  },
  labels: {
    task: 'text-classification',
    shapes: ['labels'],
    label: 'Give several labels',
    about: 'Each text gets as many labels as fit, or none. Learns from a cell that lists them, or a column a label.',
    needs: 'To give labels, it needs a column that lists them.',
    title: (rows, labels) =>
      `It will learn which of ${labels > 0 ? `your ${countedInWords(labels, 'label', 'labels')}` : 'your labels'} fit a text, from ${rows}.`,
    purpose: (labels) =>
      labels > 0 ? `Gives texts ${countedInWords(labels, 'label', 'labels')}` : 'Gives texts labels',
  },
  number: {
    task: 'text-classification',
    shapes: ['numbers'],
    label: 'Predict a number',
    about: 'A grade, a price, how alike two texts are. Learns from a column with texts and one with their number.',
    needs: 'To predict a number, it needs a column with numbers.',
    title: (rows) => `It will learn to predict a number from a text, from ${rows}.`,
    purpose: () => 'Predicts a number from a text',
  },
  spans: {
    task: 'token-classification',
    shapes: ['marked', 'tagged'],
    label: taskLabels['token-classification'],
    about: 'It marks pieces of a text: names, dates, amounts. Learns from texts in which they are marked.',
    needs: 'To find spans, it needs texts with their spans, or words with their tags.',
    title: (rows, labels) =>
      `It will learn to mark ${labels > 0 ? countedInWords(labels, 'kind of span', 'kinds of spans') : 'spans'} in a text, from ${rows}.`,
    purpose: () => 'Marks spans in texts',
  },
  passages: {
    task: 'question-answering',
    shapes: ['passages'],
    label: taskLabels['question-answering'],
    about: 'It finds the answer to a question inside a given passage. Learns from questions, passages and answers.',
    needs: 'To answer from a passage, it needs columns with questions, passages and answers.',
    title: (rows) => `It will learn to find answers in a passage, from ${rows}.`,
    purpose: () => 'Answers from a passage',
  },
  choices: {
    task: 'multiple-choice',
    shapes: ['choices'],
    label: taskLabels['multiple-choice'],
    about: 'It picks the right one of several given answers. Learns from questions with choices and the right one.',
    needs: 'To choose, it needs columns with questions, choices and the right choice.',
    title: (rows) => `It will learn to pick the right answer, from ${rows}.`,
    purpose: () => 'Chooses one of several answers',
  },
  writing: {
    task: 'text-generation',
    shapes: ['writing', 'continuations'],
    label: taskLabels['text-generation'],
    about: 'It writes on from a beginning, in your style. Learns from texts, or from beginnings with what follows.',
    needs: 'To write, it needs a column with texts.',
    title: (rows) => `It will learn to write as your ${rows} do.`,
    purpose: () => 'Continues texts',
  },
  chat: {
    task: 'chat',
    shapes: ['answers', 'conversations'],
    label: taskLabels.chat,
    about: 'It answers in the voice of your examples. Learns from questions with answers, or whole conversations.',
    needs: 'To answer in a chat, it needs a column with the answers.',
    title: (rows) => `It will learn to answer as your ${rows} do.`,
    purpose: () => 'Answers in a chat',
  },
  translation: {
    task: 'translation',
    shapes: ['translations'],
    label: taskLabels.translation,
    about: 'From one language to another, with your house terms. Learns from texts with their translation.',
    needs: 'To translate, it needs a column with the texts and one with their translation.',
    title: (rows) => `It will learn to translate as your ${rows} do.`,
    purpose: () => 'Translates',
  },
  summaries: {
    task: 'summarization',
    shapes: ['summaries'],
    label: taskLabels.summarization,
    about: 'Long texts become short ones. Learns from texts with their summary.',
    needs: 'To summarise, it needs a column with the texts and one with their summary.',
    title: (rows) => `It will learn to summarise as your ${rows} do.`,
    purpose: () => 'Summarises',
  },
} as const satisfies Readonly<Record<string, Goal>>;

export type GoalName = keyof typeof goals;
const goalNames = Object.keys(goals) as readonly GoalName[];

const aboutDestination = {
  here: 'Ask it in this app, whenever you like.',
  peft: 'A folder that Transformers and PEFT load in two lines.',
  ollama: 'A file that runs without this app.',
  'lm-studio': 'A file that LM Studio opens.',
  onnx: 'A graph for your own program.',
} satisfies Record<Destination, string>;

export interface Option<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly about: string;
  readonly note?: string;
  readonly disabled?: boolean;
}

/** All goals; the one the columns suggest is marked. Of an adapter that is trained further, only its own task's can be chosen. */
export function goalOptions(dataset: DatasetView | null, settled: TaskName | null = null): readonly Option<GoalName>[] {
  const suggested = suggestedGoal(dataset);
  return goalNames.map((value) => {
    const isOther = settled !== null && goals[value].task !== settled;
    return {
      value,
      label: goals[value].label,
      about: goals[value].about,
      ...(value === suggested && { note: 'suits your columns' }),
      ...(isOther && { note: 'not what the adapter learned', disabled: true }),
    };
  });
}

export function destinationOptions(): readonly Option<Destination>[] {
  return destinations.map((destination) => ({
    value: destination,
    label: destinationLabels[destination].replace(/^t/, 'T'),
    about: aboutDestination[destination],
  }));
}

function goalOfTask(task: TaskName | null): GoalName | null {
  return goalNames.find((name) => goals[name].task === task) ?? null;
}

function goalOfShape(shape: ShapeName): GoalName | null {
  return goalNames.find((name) => (goals[name].shapes as readonly ShapeName[]).includes(shape)) ?? null;
}

/** The goal that the columns as they are mapped are made for. */
export function suggestedGoal(dataset: DatasetView | null): GoalName | null {
  if (dataset === null) return null;
  return dataset.mapping === null ? goalOfTask(dataset.suggestedTask) : goalOfShape(shapeOf(dataset.mapping));
}

/** The goal chosen: the task's, and where texts are labelled, the one of its columns. */
export function goalOf(draft: ProjectDraft, dataset: DatasetView | null): GoalName | null {
  const suggested = suggestedGoal(dataset);
  return suggested !== null && goals[suggested].task === draft.task ? suggested : goalOfTask(draft.task);
}

/** The goal chosen, in its few words. */
export function goalLabel(draft: ProjectDraft, dataset: DatasetView | null): string | null {
  const goal = goalOf(draft, dataset);
  return goal === null ? null : goals[goal].label;
}

/** The task that a goal decides, and the columns as it reads them where they serve already. */
export function decisionOf(
  goal: GoalName,
  dataset: DatasetView | null,
): { readonly task: TaskName; readonly columns: Columns | null } {
  const { task, shapes } = goals[goal];
  const mapping = dataset?.mapping ?? null;
  if (mapping === null || dataset === null || suggestedGoal(dataset) === goal) return { task, columns: null };
  const names = dataset.columns.map((column) => column.name);
  const made = mappingOf(shapes[0], rolesOf(names, mapping));
  return { task, columns: 'columns' in made ? made.columns : null };
}

/** True when the columns are mapped for another goal than the one chosen. */
export function columnsDisagree(draft: ProjectDraft, dataset: DatasetView | null): boolean {
  const goal = goalOf(draft, dataset);
  return goal !== null && dataset !== null && (dataset.mapping === null || goal !== suggestedGoal(dataset));
}

export function goalTitle(draft: ProjectDraft, dataset: DatasetView | null): string {
  const rows = dataset === null ? 'your rows' : counted(rowsOf(dataset), 'row', 'rows');
  const goal = goalOf(draft, dataset);
  if (goal === null) return `What should it learn from ${dataset === null ? rows : `your ${rows}`}?`;
  if (columnsDisagree(draft, dataset)) return goals[goal].needs;
  return goals[goal].title(rows, dataset?.labels.length ?? 0);
}

/** "Sorts texts into nineteen categories": what a project is for. */
export function purposeWords(draft: ProjectDraft, dataset: DatasetView | null): string | null {
  const goal = goalOf(draft, dataset);
  return goal === null ? null : goals[goal].purpose(dataset?.labels.length ?? 0);
}
