/** A run's adapter measured on rows of a file: what it answers, beside what is right. */
import type { Studio } from '../../../main/contract/index.ts';
import type { MeasuredView } from '../../../main/contract/views.ts';
import { failureOf, type Failure } from './failure.ts';
import type { Busy } from './project.svelte.ts';

export class Evaluation {
  readonly #studio: Studio;
  #runId: string | null = null;
  #file = $state('');
  #measured = $state.raw<{ readonly file: string; readonly view: MeasuredView } | null>(null);
  #progress = $state.raw<Busy | null>(null);
  #failure = $state.raw<Failure | null>(null);

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  /** The file that is being measured, or was last. */
  get file(): string {
    return this.#file;
  }

  /** The newest result and its file; null before the first. */
  get measured(): { readonly file: string; readonly view: MeasuredView } | null {
    return this.#measured;
  }

  get progress(): Busy | null {
    return this.#progress;
  }

  get failure(): Failure | null {
    return this.#failure;
  }

  /** Follows the measurement's news. Returns how to stop; one under way is cancelled with it. */
  open(): () => void {
    const close = this.#studio.on('job', (job) => {
      if (job.method !== 'evaluateRun' || job.id !== this.#runId || this.#progress === null) return;
      this.#progress = { note: job.note, done: job.done, total: job.total };
    });
    return () => {
      close();
      void this.cancel();
    };
  }

  async measure(runId: string, file: File): Promise<void> {
    if (this.#progress !== null) return;
    this.#runId = runId;
    this.#file = file.name;
    this.#failure = null;
    this.#progress = { note: '', done: 0, total: 0 };
    try {
      const data = await this.#studio.pathOf(file);
      // Cancelled while a browser still sent the file: there is nothing to measure any more.
      if (this.#runId !== runId) return;
      this.#measured = { file: file.name, view: await this.#studio.call('evaluateRun', { runId, data }) };
    } catch (thrown) {
      this.#failure = failureOf(thrown);
    } finally {
      this.#progress = null;
    }
  }

  async cancel(): Promise<void> {
    const runId = this.#runId;
    if (this.#progress === null || runId === null) return;
    this.#runId = null;
    try {
      await this.#studio.call('cancelEvaluation', { runId });
    } catch (thrown) {
      this.#failure = failureOf(thrown);
    }
  }
}
