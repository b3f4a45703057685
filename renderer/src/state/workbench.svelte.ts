/** Everything the window knows, made once by main.ts and handed down as context. */
import { createContext, untrack } from 'svelte';
import type { Studio } from '../../../main/contract/index.ts';
import type { StudioLink } from '../api.ts';
import { connect } from '../api.ts';
import { Computer } from './computer.svelte.ts';
import { Imports } from './imports.svelte.ts';
import { Models } from './models.svelte.ts';
import { OpenProject } from './project.svelte.ts';
import { Projects } from './projects.svelte.ts';
import { Router } from './router.svelte.ts';
import { Runs } from './runs.svelte.ts';
import { Settings } from './settings.svelte.ts';
import { announcement } from './strip.ts';
import { Toasts } from './toasts.svelte.ts';

export class Workbench {
  /** For state classes made by a screen; screens themselves do not call it. */
  readonly studio: Studio;
  readonly router = new Router();
  readonly toasts = new Toasts();
  readonly computer: Computer;
  readonly settings: Settings;
  readonly projects: Projects;
  readonly models: Models;
  readonly runs: Runs;
  readonly imports: Imports;
  readonly #link: StudioLink;
  #project = $state.raw<OpenProject | null>(null);
  #connected = $state(true);
  #announcement = $state('');

  constructor(link: StudioLink) {
    this.#link = link;
    this.studio = link;
    this.computer = new Computer(link);
    this.settings = new Settings(link);
    this.projects = new Projects(link);
    this.models = new Models(link);
    this.runs = new Runs(link);
    this.imports = new Imports(link, async () => {
      await Promise.all([this.runs.refresh(), this.projects.refresh()]);
    });
  }

  /** The open project; null outside the wizard. */
  get project(): OpenProject | null {
    return this.#project;
  }

  /** False while the studio behind the window does not answer. */
  get connected(): boolean {
    return this.#connected;
  }

  /** The latest words for a screen reader. */
  get announcement(): string {
    return this.#announcement;
  }

  /** Begins to follow everything. Returns how to stop. */
  open(): () => void {
    const closers = [
      this.router.open(),
      this.computer.open(),
      this.settings.open(),
      this.projects.open(),
      this.models.open(),
      this.#announceRuns(),
      this.runs.open(),
      this.#link.onLink((connected) => this.#linked(connected)),
      this.#followProject(),
    ];
    return () => closers.forEach((close) => close());
  }

  /** Opens the wizard on the files just dropped. */
  async startFrom(files: readonly File[], name: string): Promise<void> {
    const project = await this.projects.create({ name });
    if (project === null) return;
    this.router.go({ room: 'project', projectId: project.id, step: 'data' });
    this.#openProject(project.id);
    await this.#project?.addFiles(files);
  }

  async startSample(): Promise<void> {
    const project = await this.projects.create({ sample: true });
    if (project !== null) this.router.go({ room: 'project', projectId: project.id, step: project.draft.step });
  }

  /** Opens the wizard on a project that goes on from a run's adapter. */
  async trainFurther(runId: string): Promise<void> {
    const project = await this.projects.create({ start: runId });
    if (project !== null) this.router.go({ room: 'project', projectId: project.id, step: project.draft.step });
  }

  async removeProject(id: string, name: string): Promise<void> {
    if ((await this.projects.remove(id)) === null) return;
    this.router.forgetProject(id);
    this.toasts.say(`“${name}” is removed.`, () => void this.projects.restore(id));
  }

  #announceRuns(): () => void {
    return this.studio.on('run', (run) => {
      this.#announcement = announcement(this.runs.get(run.id), run) ?? this.#announcement;
      if (run.metrics !== null && run.projectId !== null) void this.computer.refresh();
    });
  }

  /** News was missed while the link was down, so everything is read again. */
  #linked(connected: boolean): void {
    if (connected && !this.#connected) {
      void Promise.all([
        this.projects.refresh(),
        this.models.refresh(),
        this.runs.refresh(),
        this.settings.refresh(),
        this.#project?.reload(),
      ]);
    }
    this.#connected = connected;
  }

  #followProject(): () => void {
    return $effect.root(() => {
      $effect(() => {
        const { route } = this.router;
        untrack(() => this.#openProject(route.room === 'project' ? route.projectId : null));
      });
      $effect(() => {
        const project = this.#project;
        return untrack(() => project?.open());
      });
      $effect(() => {
        const { route } = this.router;
        if (route.room === 'project') this.#project?.visit(route.step);
      });
    });
  }

  #openProject(id: string | null): void {
    if (this.#project?.id === id || (id === null && this.#project === null)) return;
    this.#project =
      id === null
        ? null
        : new OpenProject(this.studio, id, {
            known: this.projects.get(id),
            learnt: (project) => this.projects.keep(project),
          });
  }
}

export function createWorkbench(): Workbench {
  return new Workbench(connect());
}

export const [useWorkbench, provideWorkbench] = createContext<Workbench>();

/** The open project, for screens that only exist inside one. */
export function useProject(): OpenProject {
  const { project } = useWorkbench();
  if (project === null) throw new Error('a wizard screen outside a project');
  return project;
}
