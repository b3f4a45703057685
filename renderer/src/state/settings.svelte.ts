/** Settings of the app and its list of connections; the theme is put on the page here. */
import type { PayloadOf, Studio } from '../../../main/contract/index.ts';
import type { ConnectionView, SettingsView } from '../../../main/contract/views.ts';
import { isToday } from '../lib/format.ts';
import { failureOf, type Failure } from './failure.ts';

export class Settings {
  readonly #studio: Studio;
  #view = $state.raw<SettingsView | null>(null);
  #connections = $state.raw<readonly ConnectionView[]>([]);
  #failure = $state.raw<Failure | null>(null);

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  get view(): SettingsView | null {
    return this.#view;
  }

  get connections(): readonly ConnectionView[] {
    return this.#connections;
  }

  get failure(): Failure | null {
    return this.#failure;
  }

  readonly expert: boolean = $derived(this.#view?.expert ?? false);
  readonly offline: boolean = $derived(this.#view?.offline ?? false);

  readonly connectionsToday: number = $derived(
    this.#connections.filter((connection) => isToday(connection.time)).length,
  );

  /** Reads the settings and keeps the page's theme as they say. Returns how to stop. */
  open(): () => void {
    void this.refresh();
    return $effect.root(() => {
      $effect(() => {
        const theme = this.#view?.theme ?? 'system';
        if (theme === 'system') delete document.documentElement.dataset['theme'];
        else document.documentElement.dataset['theme'] = theme;
      });
    });
  }

  async refresh(): Promise<void> {
    await this.#guarded(async () => {
      [this.#view, this.#connections] = await Promise.all([
        this.#studio.call('getSettings', {}),
        this.#studio.call('connections', {}),
      ]);
    });
  }

  async refreshConnections(): Promise<void> {
    await this.#guarded(async () => {
      this.#connections = await this.#studio.call('connections', {});
    });
  }

  async change(change: PayloadOf<'setSettings'>): Promise<void> {
    await this.#guarded(async () => {
      this.#view = await this.#studio.call('setSettings', change);
    });
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    this.#failure = null;
    try {
      await work();
    } catch (thrown) {
      this.#failure = failureOf(thrown);
    }
  }
}
