/** The nine methods for the open project: what each would cost here, and which can be chosen. */
import type { Studio } from '../../../main/contract/index.ts';
import type { MethodView } from '../../../main/contract/views.ts';
import { failureOf, type Failure } from './failure.ts';

export class Methods {
  readonly #studio: Studio;
  readonly #projectId: string;
  #list = $state.raw<readonly MethodView[] | null>(null);
  #failure = $state.raw<Failure | null>(null);

  constructor(studio: Studio, projectId: string) {
    this.#studio = studio;
    this.#projectId = projectId;
  }

  /** Null while they are being read. */
  get list(): readonly MethodView[] | null {
    return this.#list;
  }

  get failure(): Failure | null {
    return this.#failure;
  }

  async refresh(): Promise<void> {
    this.#failure = null;
    try {
      this.#list = await this.#studio.call('listMethods', { projectId: this.#projectId });
    } catch (thrown) {
      this.#failure = failureOf(thrown);
    }
  }
}
