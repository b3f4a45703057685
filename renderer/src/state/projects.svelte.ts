/** All projects, the last saved first; creating, removing and bringing back. */
import { SvelteMap } from 'svelte/reactivity';
import type { Studio } from '../../../main/contract/index.ts';
import type { ProjectView } from '../../../main/contract/views.ts';
import { failureOf, type Failure } from './failure.ts';

export class Projects {
  readonly #studio: Studio;
  readonly #projects = new SvelteMap<string, ProjectView>();
  #loaded = $state(false);
  #creating = $state(false);
  #failure = $state.raw<Failure | null>(null);

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  readonly all: readonly ProjectView[] = $derived.by(() =>
    [...this.#projects.values()].toSorted((a, b) => b.savedAt.localeCompare(a.savedAt)),
  );

  get loaded(): boolean {
    return this.#loaded;
  }

  /** True while a new project is being made, its sample rows read. */
  get creating(): boolean {
    return this.#creating;
  }

  get failure(): Failure | null {
    return this.#failure;
  }

  get(id: string): ProjectView | null {
    return this.#projects.get(id) ?? null;
  }

  open(): () => void {
    const close = this.#studio.on('project', (project) => this.keep(project));
    void this.refresh();
    return close;
  }

  async refresh(): Promise<void> {
    await this.#guarded(async () => {
      const list = await this.#studio.call('listProjects', {});
      this.#projects.clear();
      for (const project of list) this.#projects.set(project.id, project);
      this.#loaded = true;
    });
  }

  /** Keeps what another state class has learnt of a project. */
  keep(project: ProjectView): void {
    this.#projects.set(project.id, project);
  }

  /** `start`: a run whose adapter is trained further. */
  create(wish: {
    readonly name?: string;
    readonly sample?: boolean;
    readonly start?: string;
  }): Promise<ProjectView | null> {
    this.#creating = true;
    return this.#guarded(async () => {
      const project = await this.#studio.call('createProject', wish);
      this.keep(project);
      return project;
    }).finally(() => (this.#creating = false));
  }

  remove(id: string): Promise<boolean | null> {
    return this.#guarded(async () => {
      await this.#studio.call('removeProject', { projectId: id });
      this.#projects.delete(id);
      return true;
    });
  }

  restore(id: string): Promise<ProjectView | null> {
    return this.#guarded(async () => {
      const project = await this.#studio.call('restoreProject', { projectId: id });
      this.keep(project);
      return project;
    });
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
