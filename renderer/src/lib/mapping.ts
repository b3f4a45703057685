/** Columns and what they are for: the mapping as one role a column, and back. */
import { anyColumns, type Columns, type TaskName } from '../../../engine/spec/tasks.ts';
import { countedInWords } from './format.ts';

interface RoleWords {
  /** What a column is for, in the user's words. */
  readonly words: string;
  /** What the mapping lacks without it; none: it can be left out. */
  readonly missing?: string;
  /** Several columns can have it. */
  readonly several?: true;
}

interface Shape {
  readonly task: TaskName;
  readonly label: string;
  /** By the keys of the columns. */
  readonly roles: Readonly<Record<string, RoleWords>>;
  /** Keys that every mapping of this shape has beside its columns. */
  readonly fixed?: Readonly<Record<string, string>>;
  /** Keys that are carried through as they are. */
  readonly carried?: readonly string[];
  /** Heading over what the model should answer. */
  readonly answer: string;
  /** What its labels are called: one, several; none: it has no labels. */
  readonly labels?: readonly [string, string];
  /** What the rows hold, after their number. */
  readonly content: (labels: number) => string;
}

const readText = {
  words: 'text the model reads',
  missing: 'Say which column holds the text.',
  several: true,
} as const satisfies RoleWords;
const secondText = { words: 'second text, compared with the first' } as const satisfies RoleWords;

/** What rows can look like, by task. */
const shapes = {
  categories: {
    task: 'text-classification',
    labels: ['category', 'categories'],
    label: 'Text and category',
    answer: 'Category',
    content: (labels) => `in ${countedInWords(labels, 'category', 'categories')}`,
    roles: {
      text: readText,
      pair: secondText,
      label: { words: 'category it should give', missing: 'Say which column holds the category.' },
    },
  },
  labels: {
    task: 'text-classification',
    labels: ['label', 'labels'],
    label: 'Text and several labels',
    answer: 'Labels',
    content: (labels) => `with ${countedInWords(labels, 'label', 'labels')}`,
    fixed: { labels: 'many' },
    carried: ['separator'],
    roles: {
      text: readText,
      pair: secondText,
      label: { words: 'labels it should give', missing: 'Say which column holds the labels.', several: true },
    },
  },
  numbers: {
    task: 'text-classification',
    label: 'Text and number',
    answer: 'Number',
    content: () => 'with a number each',
    fixed: { labels: 'number' },
    roles: {
      text: readText,
      pair: secondText,
      label: { words: 'number it should give', missing: 'Say which column holds the number.' },
    },
  },
  marked: {
    task: 'token-classification',
    labels: ['kind of span', 'kinds of spans'],
    label: 'Text and marked spans',
    answer: 'Spans',
    content: (labels) => `with ${countedInWords(labels, 'kind of span', 'kinds of spans')}`,
    roles: {
      text: { words: 'text the model reads', missing: 'Say which column holds the text.' },
      spans: {
        words: 'spans it should mark',
        missing: 'Say which column holds the spans: start, end and label of each.',
      },
    },
  },
  tagged: {
    task: 'token-classification',
    labels: ['kind of span', 'kinds of spans'],
    label: 'Words and tags',
    answer: 'Spans',
    content: (labels) => `with ${countedInWords(labels, 'kind of span', 'kinds of spans')}`,
    roles: {
      words: { words: 'words the model reads', missing: 'Say which column holds the words.' },
      tags: { words: 'tag of each word', missing: 'Say which column holds the tags.' },
    },
  },
  passages: {
    task: 'question-answering',
    label: 'Question, passage, answer',
    answer: 'Answer',
    content: () => 'to find answers in',
    roles: {
      question: { words: 'question it is asked', missing: 'Say which column holds the question.' },
      context: { words: 'passage that holds the answer', missing: 'Say which column holds the passage.' },
      answers: { words: 'answer it should find', missing: 'Say which column holds the answer.' },
      start: { words: 'place where the answer starts' },
    },
  },
  choices: {
    task: 'multiple-choice',
    label: 'Question and choices',
    answer: 'Right choice',
    content: () => 'to choose in',
    roles: {
      question: { words: 'question it is asked', missing: 'Say which column holds the question.' },
      context: { words: 'passage beside the question' },
      choices: { words: 'choices to pick from', missing: 'Say which columns hold the choices.', several: true },
      answer: { words: 'right choice', missing: 'Say which column holds the right choice.' },
    },
  },
  writing: {
    task: 'text-generation',
    label: 'Text only',
    answer: 'It learns to write',
    content: () => 'to write like',
    roles: { text: { words: 'text it learns to write', missing: 'Say which column holds the text.' } },
  },
  continuations: {
    task: 'text-generation',
    label: 'Beginning and continuation',
    answer: 'It should go on',
    content: () => 'to go on from',
    roles: {
      prompt: { words: 'beginning it is given', missing: 'Say which column holds the beginning.' },
      completion: { words: 'text it should go on with', missing: 'Say which column holds the continuation.' },
    },
  },
  answers: {
    task: 'chat',
    label: 'Question and answer',
    answer: 'It should answer',
    content: () => 'to answer from',
    roles: {
      prompt: { words: 'question it is asked', missing: 'Say which column holds the question.' },
      response: { words: 'answer it should give', missing: 'Say which column holds the answer.' },
    },
  },
  conversations: {
    task: 'chat',
    label: 'Conversations',
    answer: 'It should answer',
    content: () => 'to answer from',
    roles: { messages: { words: 'whole conversation', missing: 'Say which column holds the conversations.' } },
  },
  translations: {
    task: 'translation',
    label: 'Text and translation',
    answer: 'Translation',
    content: () => 'to translate like',
    roles: {
      source: { words: 'text to translate', missing: 'Say which column holds the text to translate.' },
      target: { words: 'its translation', missing: 'Say which column holds the translation.' },
    },
  },
  summaries: {
    task: 'summarization',
    label: 'Text and summary',
    answer: 'Summary',
    content: () => 'to summarise like',
    roles: {
      text: { words: 'text the model reads', missing: 'Say which column holds the text.' },
      summary: { words: 'summary it should write', missing: 'Say which column holds the summary.' },
    },
  },
} as const satisfies Readonly<Record<string, Shape>>;

export type ShapeName = keyof typeof shapes;

const shapeNames = Object.keys(shapes) as readonly ShapeName[];
const shapeOfName = (name: ShapeName): Shape => shapes[name];

/** All shapes, those of a task first, as a list to choose from. */
export function shapeOptions(task: TaskName | null): readonly { readonly value: ShapeName; readonly label: string }[] {
  return shapeNames
    .toSorted((a, b) => Number(shapes[b].task === task) - Number(shapes[a].task === task))
    .map((value) => ({ value, label: shapes[value].label }));
}

/** The shape a task's rows have unless something else is said. */
export function firstShapeOf(task: TaskName | null): ShapeName {
  return shapeNames.find((name) => shapes[name].task === task) ?? 'categories';
}

export function answerHead(mapping: Columns): string {
  return shapes[shapeOf(mapping)].answer;
}

/** "in three categories": what follows the number of rows. */
export function contentWords(mapping: Columns, labels: number): string {
  return shapes[shapeOf(mapping)].content(labels);
}

/** What the labels of the rows are called, one and several. */
export function labelNouns(mapping: Columns | null): readonly [string, string] {
  return (mapping === null ? undefined : shapeOfName(shapeOf(mapping)).labels) ?? ['category', 'categories'];
}

export function shapeOf(mapping: Columns): ShapeName {
  if ('label' in mapping) {
    if (mapping.labels === 'number') return 'numbers';
    return mapping.labels === 'many' || typeof mapping.label !== 'string' ? 'labels' : 'categories';
  }
  const found = shapeNames.find((name) => {
    const { roles } = shapeOfName(name);
    const isComplete = Object.entries(roles).every(([key, { missing }]) => missing === undefined || key in mapping);
    return isComplete && Object.keys(mapping).every((key) => key in roles);
  });
  return found ?? 'categories';
}

/** A key of the columns, or 'unused'. */
type ColumnRole = string;
export type Roles = Readonly<Record<string, ColumnRole>>;

const unused = 'unused';

export function roleOptions(shape: ShapeName): readonly { readonly value: ColumnRole; readonly label: string }[] {
  return [
    ...Object.entries(shapeOfName(shape).roles).map(([value, { words, missing }]) => ({
      value,
      label: missing === undefined ? `${words} (if any)` : words,
    })),
    { value: unused, label: 'not used' },
  ];
}

export function roleOf(column: string, mapping: Columns | null): ColumnRole {
  if (mapping === null) return unused;
  const { roles } = shapeOfName(shapeOf(mapping));
  const named = Object.entries(mapping).find(([key, value]) => key in roles && [value].flat().includes(column));
  return named?.[0] ?? unused;
}

/** The roles of these columns, in their order. */
export function rolesOf(columns: readonly string[], mapping: Columns | null): Roles {
  return Object.fromEntries(columns.map((name) => [name, roleOf(name, mapping)] as const));
}

/** Gives one column a role; roles that only one column can have are taken from the column that had it. */
export function withRole(
  shape: ShapeName,
  roles: Roles,
  at: { readonly column: string; readonly role: ColumnRole },
): Roles {
  const isShared = at.role === unused || shapeOfName(shape).roles[at.role]?.several === true;
  const others = Object.entries(roles).map(
    ([name, old]) => [name, !isShared && old === at.role ? unused : old] as const,
  );
  return { ...Object.fromEntries(others), [at.column]: at.role };
}

/** The mapping that roles make, in the files' column order, with what `before` says beside columns; or what is still missing. */
export function mappingOf(
  shape: ShapeName,
  roles: Roles,
  before: Columns | null = null,
): { readonly columns: Columns } | { readonly missing: string } {
  const { roles: known, fixed = {}, carried = [] } = shapeOfName(shape);
  const named = Object.keys(known).map((key) => ({
    key,
    names: Object.keys(roles).filter((name) => roles[name] === key),
  }));
  const lacking = named.find(({ key, names }) => names.length === 0 && known[key]?.missing !== undefined);
  if (lacking) return { missing: known[lacking.key]?.missing ?? '' };
  const kept = Object.entries(before ?? {}).filter(([key]) => carried.includes(key));
  const columns = named.flatMap(({ key, names }) =>
    names.length === 0 ? [] : [[key, names.length === 1 ? names[0] : names] as const],
  );
  const made = anyColumns.safeParse({ ...Object.fromEntries([...columns, ...kept]), ...fixed });
  return made.success ? { columns: made.data } : { missing: 'These columns do not go together; choose others.' };
}

/** Columns in use with their roles, and the names of those that are not. */
export function mappingSummary(
  columns: readonly string[],
  mapping: Columns | null,
): {
  readonly used: readonly { readonly name: string; readonly words: string }[];
  readonly unused: readonly string[];
} {
  const words = mapping === null ? {} : shapeOfName(shapeOf(mapping)).roles;
  const roles = columns.map((name) => ({ name, role: roleOf(name, mapping) }));
  return {
    used: roles.flatMap(({ name, role }) => {
      const known = words[role];
      return known === undefined ? [] : [{ name, words: known.words }];
    }),
    unused: roles.filter(({ role }) => role === unused).map(({ name }) => name),
  };
}

const separatorWords = { '': 'lists, or parted by ; or |', ';': 'semicolon ;', ',': 'comma ,', '|': 'bar |' } as const;
export type Separator = keyof typeof separatorWords;

export const separatorOptions = (Object.keys(separatorWords) as readonly Separator[]).map((value) => ({
  value,
  label: separatorWords[value],
}));

/** What parts the labels of a cell; null where no cell holds several. */
export function separatorOf(mapping: Columns | null): Separator | null {
  if (mapping === null || shapeOf(mapping) !== 'labels' || !('label' in mapping)) return null;
  return typeof mapping.label === 'string' ? (mapping.separator ?? '') : null;
}

export function withSeparator(mapping: Columns, separator: Separator): Columns {
  if (!('label' in mapping)) return mapping;
  const others = Object.entries(mapping).filter(([key]) => key !== 'separator');
  return anyColumns.parse(Object.fromEntries(separator === '' ? others : [...others, ['separator', separator]]));
}
