/** Run folders made in the terminal, brought into the Library. */
import type { Studio } from '../../../main/contract/index.ts';
import type { RunView } from '../../../main/contract/views.ts';
import { failureOf, type Failure } from './failure.ts';

export class Imports {
  readonly #studio: Studio;
  readonly #done: () => Promise<void>;
  #failure = $state.raw<Failure | null>(null);

  /** `done` is called when a run was added, so that lists are read again. */
  constructor(studio: Studio, done: () => Promise<void>) {
    this.#studio = studio;
    this.#done = done;
  }

  get failure(): Failure | null {
    return this.#failure;
  }

  async open(folder: string): Promise<RunView | null> {
    this.#failure = null;
    try {
      const run = await this.#studio.call('importRun', { folder });
      await this.#done();
      return run;
    } catch (thrown) {
      this.#failure = failureOf(thrown);
      return null;
    }
  }
}
