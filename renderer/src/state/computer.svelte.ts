/** The computer the studio runs on: cores, memory and disk, read anew while someone looks. */
import type { Studio } from '../../../main/contract/index.ts';
import type { ComputerView } from '../../../main/contract/views.ts';
import { bytes, capacity, counted } from '../lib/format.ts';

const interval = 15_000;

export class Computer {
  readonly #studio: Studio;
  #view = $state.raw<ComputerView | null>(null);

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  get view(): ComputerView | null {
    return this.#view;
  }

  /** The ticket's stub. */
  readonly stub: readonly string[] = $derived(
    this.#view === null
      ? []
      : [
          'This computer',
          `${counted(this.#view.cores, 'core', 'cores')}, ${capacity(this.#view.memoryBytes)} memory`,
          this.#view.gpu ?? 'no graphics card in use',
        ],
  );

  /** The strip's words when nothing runs. */
  readonly idle: readonly string[] = $derived(
    this.#view === null
      ? []
      : [
          `Memory free ${bytes(this.#view.freeMemoryBytes)} of ${capacity(this.#view.memoryBytes)}`,
          `Disk free ${bytes(this.#view.freeDiskBytes)}`,
        ],
  );

  /** Reads it now and every so often. Returns how to stop. */
  open(): () => void {
    void this.refresh();
    const timer = setInterval(() => void this.refresh(), interval);
    return () => clearInterval(timer);
  }

  async refresh(): Promise<void> {
    try {
      this.#view = await this.#studio.call('computer', {});
    } catch {
      // Not knowing the free memory of this moment is no failure to speak of: the last reading stays.
    }
  }
}
