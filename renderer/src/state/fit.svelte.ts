/** Will it fit: the formula's estimate at once, then two measured steps, with their progress and a way to stop them. */
import type { Estimate } from '../../../engine/spec/metrics.ts';
import type { Studio } from '../../../main/contract/index.ts';
import { failureOf, type Failure } from './failure.ts';
import { timestamp } from './fit-words.ts';
import type { Busy, OpenProject } from './project.svelte.ts';

export class FitCheck {
  readonly #studio: Studio;
  readonly #project: OpenProject;
  #formula = $state.raw<Estimate | null>(null);
  #measured = $state.raw<Estimate | null>(null);
  #progress = $state.raw<Busy | null>(null);
  #measuredAt = $state.raw<string | null>(null);
  #failure = $state.raw<Failure | null>(null);
  #underWay: Promise<void> | null = null;

  constructor(studio: Studio, project: OpenProject) {
    this.#studio = studio;
    this.#project = project;
  }

  get formula(): Estimate | null {
    return this.#formula;
  }

  /** What two steps on the longest rows took, of now or of an earlier visit with the same settings. */
  readonly measured: Estimate | null = $derived.by(() => {
    const kept = this.#project.draft?.estimate ?? null;
    return this.#measured ?? (kept?.source === 'measured' ? kept : null);
  });
  readonly best: Estimate | null = $derived(this.measured ?? this.#formula);

  /** How far the measuring is; null when it is not under way. */
  get progress(): Busy | null {
    return this.#progress;
  }

  /** When it was measured (ISO 8601), if it was in this visit. */
  get measuredAt(): string | null {
    return this.#measuredAt;
  }

  get failure(): Failure | null {
    return this.#failure;
  }

  /** Follows the measuring's news, reads the estimate, and measures where nothing was measured yet. Returns how to stop. */
  open(): () => void {
    const close = this.#studio.on('job', (job) => {
      if (job.method === 'measure' && job.id === this.#project.id)
        this.#progress = { note: job.note, done: job.done, total: job.total };
    });
    void this.#begin();
    return close;
  }

  async #begin(): Promise<void> {
    try {
      this.#formula = await this.#studio.call('estimate', { projectId: this.#project.id });
    } catch (thrown) {
      this.#failure = failureOf(thrown);
      return;
    }
    if (this.measured === null && this.#formula.prompt === undefined) await this.measure();
  }

  measure(): Promise<void> {
    this.#underWay ??= this.#measure().finally(() => (this.#underWay = null));
    return this.#underWay;
  }

  /** Stops the measuring; the formula's estimate stands. */
  async cancel(): Promise<void> {
    const underWay = this.#underWay;
    if (underWay === null) return;
    try {
      await this.#studio.call('cancelMeasure', { projectId: this.#project.id });
    } catch (thrown) {
      this.#failure = failureOf(thrown);
    }
    await underWay;
  }

  async #measure(): Promise<void> {
    this.#failure = null;
    this.#progress = { note: '', done: 0, total: 0 };
    try {
      this.#measured = await this.#studio.call('measure', { projectId: this.#project.id });
      this.#measuredAt = timestamp();
    } catch (thrown) {
      this.#failure = failureOf(thrown);
    } finally {
      this.#progress = null;
    }
  }
}
