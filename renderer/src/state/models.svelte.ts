/** Base models: the catalogue and what lies on this computer, with downloads as they go. */
import { SvelteMap } from 'svelte/reactivity';
import type { Studio } from '../../../main/contract/index.ts';
import type { DownloadView, ModelView } from '../../../main/contract/views.ts';
import { baseName } from '../lib/files.ts';
import { failureOf, type Failure } from './failure.ts';

export class Models {
  readonly #studio: Studio;
  readonly #models = new SvelteMap<string, ModelView>();
  #loaded = $state(false);
  #failure = $state.raw<Failure | null>(null);

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  readonly all: readonly ModelView[] = $derived([...this.#models.values()]);

  get loaded(): boolean {
    return this.#loaded;
  }

  get failure(): Failure | null {
    return this.#failure;
  }

  get(id: string): ModelView | null {
    return this.#models.get(id) ?? null;
  }

  /** A model's name for a sentence; a path by its last part. */
  nameOf(id: string): string {
    return this.#models.get(id)?.name ?? baseName(id);
  }

  open(): () => void {
    const close = this.#studio.on('download', (download) => void this.#follow(download));
    void this.refresh();
    return close;
  }

  async refresh(): Promise<void> {
    await this.#guarded(async () => {
      const list = await this.#studio.call('listModels', {});
      this.#models.clear();
      for (const model of list) this.#models.set(model.id, model);
      this.#loaded = true;
    });
  }

  /** Adds a folder or a .gguf file of this computer. */
  add(path: string): Promise<ModelView | null> {
    return this.#guarded(async () => {
      const model = await this.#studio.call('addModel', { path });
      this.#models.set(model.id, model);
      return model;
    });
  }

  /** Adds a file the user dropped or picked. */
  addFile(file: File): Promise<ModelView | null> {
    return this.#guarded(async () => {
      const model = await this.#studio.call('addModel', { path: await this.#studio.pathOf(file) });
      this.#models.set(model.id, model);
      return model;
    });
  }

  download(model: string): Promise<unknown> {
    return this.#guarded(async () => this.#follow(await this.#studio.call('download', { model })));
  }

  pauseDownload(model: string): Promise<unknown> {
    return this.#guarded(async () => this.#follow(await this.#studio.call('pauseDownload', { model })));
  }

  cancelDownload(model: string): Promise<unknown> {
    return this.#guarded(async () => {
      await this.#studio.call('cancelDownload', { model });
      await this.refresh();
    });
  }

  async #follow(download: DownloadView): Promise<void> {
    const known = this.#models.get(download.model);
    if (!known) return;
    const states = {
      running: 'downloading',
      verifying: 'downloading',
      paused: 'paused',
      done: 'ready',
      failed: 'absent',
      cancelled: 'absent',
    } as const;
    this.#models.set(known.id, { ...known, download, state: states[download.state] });
    if (download.state === 'done') await this.refresh();
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T | null> {
    this.#failure = null;
    try {
      return await work();
    } catch (thrown) {
      this.#failure = failureOf(thrown);
      return null;
    }
  }
}
