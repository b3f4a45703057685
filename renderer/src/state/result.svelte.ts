/** What a finished run measured, read once for the run on the page. */
import type { Studio } from '../../../main/contract/index.ts';
import type { ResultView } from '../../../main/contract/views.ts';
import { failureOf, type Failure } from './failure.ts';

export class Result {
  readonly #studio: Studio;
  #runId = $state.raw<string | null>(null);
  #view = $state.raw<ResultView | null>(null);
  #failure = $state.raw<Failure | null>(null);

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  get view(): ResultView | null {
    return this.#view;
  }

  get failure(): Failure | null {
    return this.#failure;
  }

  async load(runId: string): Promise<void> {
    if (this.#runId === runId) return;
    this.#runId = runId;
    this.#view = null;
    this.#failure = null;
    try {
      const view = await this.#studio.call('runResult', { runId });
      if (this.#runId === runId) this.#view = view;
    } catch (thrown) {
      if (this.#runId === runId) this.#failure = failureOf(thrown);
    }
  }
}
