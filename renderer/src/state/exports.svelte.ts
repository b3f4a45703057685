/** Writing a run to a folder and replaying rows from the re-read files: progress, what was written, what matched. */
import type { Studio } from '../../../main/contract/index.ts';
import type { ExportFormat, GgufQuantisation } from '../../../engine/spec/exports.ts';
import type { ExportChoice, ExportView } from '../../../main/contract/views.ts';
import { formatOf, hasQuantisation } from './export-words.ts';
import { failureOf, type Failure } from './failure.ts';
import type { Busy } from './project.svelte.ts';

export class Exports {
  readonly #studio: Studio;
  #runId: string | null = null;
  #view = $state.raw<ExportView | null>(null);
  #progress = $state.raw<Busy | null>(null);
  #listed: string | null = null;
  #choices = $state.raw<readonly ExportChoice[] | null>(null);
  #failure = $state.raw<Failure | null>(null);

  /** The format wished for; null: the first that can be reached. */
  wished = $state<ExportFormat | null>(null);
  quantisation = $state<GgufQuantisation>('F16');
  /** Empty: a folder of the studio's choice. */
  folder = $state('');
  readonly format: ExportFormat | null = $derived(formatOf(this.#choices ?? [], this.wished));

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  /** What was written and checked; null before. */
  get view(): ExportView | null {
    return this.#view;
  }

  get progress(): Busy | null {
    return this.#progress;
  }

  get failure(): Failure | null {
    return this.#failure;
  }

  /** Follows the export's news. Returns how to stop. */
  open(): () => void {
    return this.#studio.on('job', (job) => {
      if (job.method !== 'exportRun' || job.id !== this.#runId || this.#progress === null) return;
      this.#progress = { note: job.note, done: job.done, total: job.total };
    });
  }

  /** Formats with the reasons against some of them; null while they are being read. */
  get choices(): readonly ExportChoice[] | null {
    return this.#choices;
  }

  async load(runId: string): Promise<void> {
    if (this.#listed === runId) return;
    this.#listed = runId;
    this.#choices = null;
    try {
      const choices = await this.#studio.call('listExports', { runId });
      if (this.#listed === runId) this.#choices = choices;
    } catch (thrown) {
      if (this.#listed === runId) this.#failure = failureOf(thrown);
    }
  }

  async write(runId: string): Promise<void> {
    const destination = this.format;
    if (destination === null) return;
    const folder = this.folder.trim();
    if (this.#progress !== null) return;
    this.#runId = runId;
    this.#failure = null;
    this.#view = null;
    this.#progress = { note: '', done: 0, total: 0 };
    try {
      this.#view = await this.#studio.call('exportRun', {
        runId,
        destination,
        ...(hasQuantisation(destination) && { quantisation: this.quantisation }),
        ...(folder !== '' && { folder }),
      });
    } catch (thrown) {
      this.#failure = failureOf(thrown);
    } finally {
      this.#progress = null;
    }
  }
}
