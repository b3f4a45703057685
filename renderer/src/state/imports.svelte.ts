/** Run folders made in the terminal, and adapters trained elsewhere, brought into the Library. */
import type { Studio } from '../../../main/contract/index.ts';
import type { TaskName } from '../../../engine/spec/tasks.ts';
import type { RunView } from '../../../main/contract/views.ts';
import { failureOf, type Failure } from './failure.ts';

export interface Adapter {
  readonly folder: string;
  readonly model: string;
  readonly task: TaskName | null;
  readonly labels: readonly string[];
}

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

  open(folder: string): Promise<RunView | null> {
    return this.#guarded(() => this.#studio.call('importRun', { folder }));
  }

  /** `task` null: as the adapter's files say; `labels` in the order of its answers. */
  takeIn({ folder, model, task, labels }: Adapter): Promise<RunView | null> {
    return this.#guarded(async () => {
      const { run } = await this.#studio.call('importAdapter', {
        folder,
        model,
        ...(task !== null && { task }),
        ...(labels.length > 0 && { labels: [...labels] }),
      });
      return run;
    });
  }

  async #guarded(work: () => Promise<RunView>): Promise<RunView | null> {
    this.#failure = null;
    try {
      const run = await work();
      await this.#done();
      return run;
    } catch (thrown) {
      this.#failure = failureOf(thrown);
      return null;
    }
  }
}
