/** The open project: its decisions and its data, each kept as soon as it is made. */
import type { PayloadOf, Studio } from '../../../main/contract/index.ts';
import type { DatasetView, ProjectDraft, ProjectView, RowView, Step } from '../../../main/contract/views.ts';
import { guessRoles } from '../lib/files.ts';
import { failureOf, type Failure } from './failure.ts';

/** A long act under way, for a "busy" line with its count. */
export interface Busy {
  readonly note: string;
  readonly done: number;
  readonly total: number;
}

export interface DataFile {
  readonly path: string;
  readonly role: 'train' | 'test';
}

type Decisions = Omit<PayloadOf<'decide'>, 'projectId'>;

export class OpenProject {
  readonly id: string;
  readonly #studio: Studio;
  readonly #learnt: (project: ProjectView) => void;
  #view = $state.raw<ProjectView | null>(null);
  #failure = $state.raw<Failure | null>(null);
  #busy = $state.raw<Busy | null>(null);
  /** Counts changes of the data, so that pages of rows are read anew. */
  #dataVersion = $state(0);
  #acts = 0;
  #queue: Promise<unknown> = Promise.resolve();
  #lastFiles: readonly DataFile[] | null = null;

  constructor(
    studio: Studio,
    id: string,
    options: { readonly known?: ProjectView | null; readonly learnt?: (project: ProjectView) => void } = {},
  ) {
    this.id = id;
    this.#studio = studio;
    this.#view = options.known ?? null;
    this.#learnt = options.learnt ?? (() => undefined);
  }

  get view(): ProjectView | null {
    return this.#view;
  }

  get draft(): ProjectDraft | null {
    return this.#view?.draft ?? null;
  }

  get dataset(): DatasetView | null {
    return this.#view?.dataset ?? null;
  }

  /** What the last act met; null when it went well. */
  get failure(): Failure | null {
    return this.#failure;
  }

  get busy(): Busy | null {
    return this.#busy;
  }

  get dataVersion(): number {
    return this.#dataVersion;
  }

  /** Reads the project and listens to its news. Returns how to stop. */
  open(): () => void {
    const closers = [
      this.#studio.on('project', (project) => project.id === this.id && this.#keep(project)),
      this.#studio.on('job', (job) => {
        if (job.method === 'addData' && this.#busy !== null)
          this.#busy = { note: job.note || this.#busy.note, done: job.done, total: job.total };
      }),
    ];
    void this.reload();
    return () => closers.forEach((close) => close());
  }

  /** Reads it anew, beside what is being written; a reply that a write has overtaken is dropped. */
  async reload(): Promise<void> {
    const acts = this.#acts;
    try {
      const project = await this.#studio.call('getProject', { projectId: this.id });
      if (acts === this.#acts || this.#view === null) this.#keep(project);
    } catch (thrown) {
      this.#failure = failureOf(thrown);
    }
  }

  /** Writes decisions of the wizard; one after another, so that the last one wins. */
  decide(decisions: Decisions): Promise<ProjectView | null> {
    return this.#act(async () => this.#keep(await this.#studio.call('decide', { projectId: this.id, ...decisions })));
  }

  /** Remembers where the user is, without a word when it fails: the next decision says so. */
  visit(step: Step): void {
    if (this.#view === null || this.#view.draft.step === step) return;
    this.#queue = this.#queue
      .then(async () => {
        this.#acts += 1;
        this.#keep(await this.#studio.call('decide', { projectId: this.id, step }));
      })
      .catch(() => undefined);
  }

  rename(name: string): Promise<ProjectView | null> {
    return this.#act(async () => this.#keep(await this.#studio.call('renameProject', { projectId: this.id, name })));
  }

  /** Adds files the user dropped or picked to those that are there; without a role, their names say which they are. */
  addFiles(files: readonly File[], role?: 'train' | 'test'): Promise<ProjectView | null> {
    const note = files.length === 1 ? `Reading ${files[0]?.name ?? ''}` : `Reading ${files.length} files`;
    return this.#long(note, async () => {
      const roles = role === undefined ? guessRoles(files.map((file) => file.name)) : files.map(() => role);
      const added: DataFile[] = [];
      for (const [index, file] of files.entries()) {
        added.push({ path: await this.#studio.pathOf(file), role: roles[index] ?? 'train' });
        this.#busy = { note, done: index + 1, total: files.length };
      }
      const kept = this.files.filter((file) => !added.some(({ path }) => path === file.path));
      return await this.#read([...kept, ...added]);
    });
  }

  /** The files in use with their roles. */
  get files(): readonly DataFile[] {
    return (this.dataset?.files ?? []).map((file) => ({
      path: file.path,
      role: file.role === 'test' ? 'test' : 'train',
    }));
  }

  /** Uses exactly these files. */
  useFiles(files: readonly DataFile[]): Promise<ProjectView | null> {
    return this.#long('Reading the files', () => this.#read(files));
  }

  /** Reads the files of the last attempt once more, after they were mended. */
  async tryFilesAgain(): Promise<void> {
    const files = this.#lastFiles;
    this.#failure = null;
    if (files === null) await this.reload();
    else await this.useFiles(files);
  }

  setMapping(columns: PayloadOf<'setMapping'>['columns']): Promise<ProjectView | null> {
    return this.#long('Reading the rows', async () =>
      this.#keepData(await this.#studio.call('setMapping', { projectId: this.id, columns })),
    );
  }

  setSplit(split: Omit<PayloadOf<'setSplit'>, 'projectId'>): Promise<ProjectView | null> {
    return this.#long('Dealing the rows', async () =>
      this.#keepData(await this.#studio.call('setSplit', { projectId: this.id, ...split })),
    );
  }

  /** A page of the rows as the model will see them. */
  rows(offset: number, limit: number): Promise<{ readonly total: number; readonly rows: readonly RowView[] }> {
    return this.#studio.call('rows', { projectId: this.id, offset, limit });
  }

  forgive(): void {
    this.#failure = null;
  }

  async #read(files: readonly DataFile[]): Promise<ProjectView> {
    this.#lastFiles = files;
    const of = (role: DataFile['role']) => files.filter((file) => file.role === role).map((file) => file.path);
    const test = of('test');
    return this.#keepData(
      await this.#studio.call('addData', { projectId: this.id, train: of('train'), ...(test.length > 0 && { test }) }),
    );
  }

  /** A change of the data can change decisions after it, so the project is read with it. */
  async #keepData(dataset: DatasetView): Promise<ProjectView> {
    this.#dataVersion += 1;
    return this.#keep({ ...(await this.#studio.call('getProject', { projectId: this.id })), dataset });
  }

  #keep(project: ProjectView): ProjectView {
    this.#view = project;
    this.#learnt(project);
    return project;
  }

  #long(note: string, work: () => Promise<ProjectView>): Promise<ProjectView | null> {
    return this.#act(async () => {
      this.#busy = { note, done: 0, total: 0 };
      try {
        return await work();
      } finally {
        this.#busy = null;
      }
    });
  }

  #act(work: () => Promise<ProjectView>): Promise<ProjectView | null> {
    this.#acts += 1;
    const turn = this.#queue.then(async () => {
      this.#failure = null;
      try {
        return await work();
      } catch (thrown) {
        this.#failure = failureOf(thrown);
        return null;
      }
    });
    this.#queue = turn;
    return turn;
  }
}
