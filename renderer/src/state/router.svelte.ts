/** Where the window is: the hash of its address, as a value one can derive from. */
import type { Step } from '../../../main/contract/views.ts';
import { hrefOf, neighbour, routeOf, type Route } from '../lib/route.ts';

export class Router {
  #route = $state.raw<Route>(routeOf(''));
  #lastProject = $state.raw<Extract<Route, { room: 'project' }> | null>(null);

  get route(): Route {
    return this.#route;
  }

  /** The project that was open last in this window: where the bar's "Project" leads. */
  get lastProject(): Extract<Route, { room: 'project' }> | null {
    return this.#lastProject;
  }

  /** Follows the address. Returns how to stop. */
  open(): () => void {
    const follow = () => this.#arrive(routeOf(window.location.hash));
    follow();
    window.addEventListener('hashchange', follow);
    return () => window.removeEventListener('hashchange', follow);
  }

  go(route: Route): void {
    this.#arrive(route);
    window.location.hash = hrefOf(route);
  }

  /** To a step of the open project. */
  toStep(step: Step): void {
    if (this.#route.room === 'project') this.go({ ...this.#route, step });
  }

  /** To the step after this one. */
  onward(): void {
    if (this.#route.room !== 'project') return;
    const next = neighbour(this.#route.step, 1);
    if (next) this.toStep(next);
  }

  forgetProject(projectId: string): void {
    if (this.#lastProject?.projectId === projectId) this.#lastProject = null;
  }

  #arrive(route: Route): void {
    if (hrefOf(route) !== hrefOf(this.#route)) this.#route = route;
    if (route.room === 'project') this.#lastProject = route;
  }
}
