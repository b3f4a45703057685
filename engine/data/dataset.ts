/** The data room: files in, a data set out, for the trainer, for the Data screen, and for its pages of rows. */
import { stat } from 'node:fs/promises';
import type { Commands, DataRequest } from '../spec/commands.ts';
import type { DatasetView, Finding } from '../spec/dataset.ts';
import { StudioError } from '../spec/errors.ts';
import { taskNames, type ColumnsOf, type TaskName } from '../spec/tasks.ts';
import { columnViews, lengthsOf, plainRowPage } from './describe.ts';
import type {
  ChatExample,
  ChoiceExample,
  ClassificationExample,
  GenerationExample,
  MultiLabelExample,
  PairExample,
  QuestionExample,
  RegressionExample,
  TokenExample,
} from './examples.ts';
import { guessMapping, type Mapping } from './mapping.ts';
import { prepare, type Prepared } from './prepare.ts';
import type { Role, RoleTable, Unseen } from './reader.ts';
import { readTable } from './read.ts';
import { fewRows, tableFindings } from './table-findings.ts';
import type { Table } from './table.ts';

export interface Common {
  /** The columns were guessed, not given. */
  readonly guessed: boolean;
  readonly findings: readonly Finding[];
  /** The files in the order of the request: train, validation, test. */
  readonly tables: readonly RoleTable[];
}

interface DatasetOf<Name extends TaskName, Example> extends Common {
  readonly task: Name;
  readonly columns: ColumnsOf<Name>;
  /** Labels of the training files in the order of their code points: the order of the logits; empty for other tasks. */
  readonly labels: readonly string[];
  readonly train: readonly Example[];
  readonly validation: readonly Example[];
  readonly test: readonly Example[];
}

interface Labelled {
  /** The first held-out row with a label that no row to learn from has. */
  readonly unseen: Unseen | null;
}

export interface ClassificationDataset extends Labelled, DatasetOf<'text-classification', ClassificationExample> {
  readonly labelling: 'one';
}

export interface MultiLabelDataset extends Labelled, DatasetOf<'text-classification', MultiLabelExample> {
  readonly labelling: 'many';
}

export interface RegressionDataset extends DatasetOf<'text-classification', RegressionExample> {
  readonly labelling: 'number';
}

/** Its labels are tags: `B-` and `I-` of every entity, and `O`; or the tags of the training files, where they mark none. */
export interface TokenDataset extends Labelled, DatasetOf<'token-classification', TokenExample> {
  /** The first span that names no piece of its text; its row is left out. */
  readonly badSpan: BadSpan | null;
}

export interface BadSpan {
  readonly path: string;
  readonly row: number;
  readonly span: string;
  readonly reason: string;
}

export interface QuestionDataset extends DatasetOf<'question-answering', QuestionExample> {
  /** Some question has no answer in its passage. */
  readonly unanswerable: boolean;
}

export type ChoiceDataset = DatasetOf<'multiple-choice', ChoiceExample>;
export type GenerationDataset = DatasetOf<'text-generation', GenerationExample>;
export type ChatDataset = DatasetOf<'chat', ChatExample>;
export type PairDataset = DatasetOf<'translation', PairExample> | DatasetOf<'summarization', PairExample>;

export type Dataset =
  | ClassificationDataset
  | MultiLabelDataset
  | RegressionDataset
  | TokenDataset
  | QuestionDataset
  | ChoiceDataset
  | GenerationDataset
  | ChatDataset
  | PairDataset;

export interface DataRoom {
  /**
   * Reads the files and makes examples of their rows, in file order in each part. Rows without a label and
   * conversations that are none are left out, with a finding.
   * @throws StudioError file.*, data.*
   */
  loadDataset(request: DataRequest): Promise<Dataset>;
  /**
   * The report for the Data screen; without a mapping that fits, `mapping` is null.
   * @throws StudioError file.*, data.*
   */
  describeData(request: DataRequest): Promise<DatasetView>;
  /** A page of rows as the model will read them. @throws StudioError file.*, data.* */
  dataRows(request: Commands['dataRows']['request']): Promise<Commands['dataRows']['reply']>;
}

const mostTables = 8;
const mostPrepared = 4;

interface Loaded {
  readonly tables: readonly RoleTable[];
  readonly suggestion: Mapping<TaskName> | null;
  readonly guessed: boolean;
  /** Null: no mapping was given and none fits. */
  readonly prepared: Prepared | null;
}

/** Makes the functions of the data room, which share the tables they have read. */
export function createDataRoom(): DataRoom {
  const tables = createCache<Table>(mostTables);
  const loads = createCache<Loaded>(mostPrepared);
  const cellFindings = new WeakMap<Table, readonly Finding[]>();

  async function table(path: string): Promise<Table> {
    return tables.get(await stamp(path), () => readTable(path));
  }

  async function load({ train, validation, test, task, columns, split }: DataRequest): Promise<Loaded> {
    const files = [
      ...train.map((path) => ({ path, role: 'train' as const })),
      ...(validation ?? []).map((path) => ({ path, role: 'validation' as const })),
      ...(test ?? []).map((path) => ({ path, role: 'test' as const })),
    ];
    const stamps = await Promise.all(files.map(async ({ path, role }) => [role, await stamp(path)]));
    return loads.get(JSON.stringify([stamps, task, columns, split]), async () => {
      const read: RoleTable[] = [];
      for (const { path, role } of files) read.push({ table: await table(path), role });
      const training = read.filter(({ role }) => role === 'train').map((one) => one.table);
      const suggestion = guessMapping(training, task === null ? taskNames : [task]);
      const mapping = columns ?? suggestion?.columns ?? null;
      return {
        tables: read,
        suggestion,
        guessed: columns === null,
        prepared: mapping && prepare(read, mapping, split),
      };
    });
  }

  function findingsOf({ tables: read, prepared }: Loaded): Finding[] {
    const ofFiles = read.flatMap(({ table: one }) => {
      const ofCells = cellFindings.get(one) ?? tableFindings(one);
      cellFindings.set(one, ofCells);
      return [...one.findings, ...ofCells].map(({ code, severity, data }) => ({
        code,
        severity,
        data: { file: one.name, ...data },
      }));
    });
    const all = [...ofFiles, ...fewRows(read), ...(prepared?.findings ?? [])];
    return all.toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
  }

  return {
    async loadDataset(request) {
      const loaded = await load(request);
      const { prepared, tables: read, guessed } = loaded;
      if (!prepared) throw noMapping(read, request.task);
      const common = { guessed, findings: findingsOf(loaded), tables: read };
      return prepared.dataset(common);
    },
    async describeData(request) {
      const loaded = await load(request);
      const { prepared, tables: read, suggestion, guessed } = loaded;
      return {
        files: read.map(({ table: { name, path, format, rows }, role }) => ({
          name,
          path,
          format,
          rows: rows.length,
          role,
        })),
        columns: columnViews(read.filter(({ role }) => role === 'train').map((one) => one.table)),
        mapping: prepared?.columns ?? null,
        guessed,
        suggestedTask: suggestion?.task ?? null,
        split: request.split,
        counts: prepared?.counts ?? rowsByRole(read),
        labels: prepared?.labels ?? [],
        findings: findingsOf(loaded),
        lengths: lengthsOf(prepared?.texts() ?? []),
      };
    },
    async dataRows(request) {
      const { prepared, tables: read } = await load(request);
      return prepared
        ? prepared.page(request.offset, request.limit)
        : plainRowPage(read, request.offset, request.limit);
    },
  };
}

const severities: readonly Finding['severity'][] = ['fault', 'care', 'note'];

function rowsByRole(tables: readonly RoleTable[]): DatasetView['counts'] {
  const rows = (role: Role): number =>
    tables.filter((one) => one.role === role).reduce((sum, { table }) => sum + table.rows.length, 0);
  return { train: rows('train'), validation: rows('validation'), test: rows('test') };
}

/** What a table lacks in which nothing fits a task. */
const missingColumn = {
  'text-classification': 'label',
  'token-classification': 'spans',
  'question-answering': 'context',
  'multiple-choice': 'choices',
  'text-generation': 'text',
  chat: 'messages',
  translation: 'target',
  summarization: 'summary',
} as const satisfies Record<TaskName, string>;

function noMapping(tables: readonly RoleTable[], task: DataRequest['task']): StudioError {
  const table = tables[0]?.table;
  const columns = (table?.columns ?? []).slice(0, 50).join(', ');
  return new StudioError('data.column-missing', {
    path: table?.path ?? '',
    column: missingColumn[task ?? 'text-classification'],
    columns,
  });
}

/** Tells one state of a file from another. */
async function stamp(path: string): Promise<string> {
  try {
    const { mtimeMs, size } = await stat(path);
    return JSON.stringify([path, mtimeMs, size]);
  } catch {
    return JSON.stringify([path]);
  }
}

interface Cache<Value> {
  get(key: string, make: () => Promise<Value>): Promise<Value>;
}

/** Keeps the values last asked for. A failure is not kept. */
function createCache<Value>(most: number): Cache<Value> {
  const kept = new Map<string, Promise<Value>>();
  return {
    async get(key, make) {
      const value = kept.get(key) ?? make();
      kept.delete(key);
      kept.set(key, value);
      const oldest = kept.keys().next().value;
      if (kept.size > most && oldest !== undefined) kept.delete(oldest);
      try {
        return await value;
      } catch (error) {
        kept.delete(key);
        throw error;
      }
    },
  };
}
