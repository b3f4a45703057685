/** One question to the model as it came and to the tuned one: both answers as they stream in, and a way to stop them. */
import type { Json } from '../../../engine/spec/json.ts';
import type { Studio } from '../../../main/contract/index.ts';
import type { AnswerEvent } from '../../../main/contract/views.ts';
import type { Asked } from './result-words.ts';
import { failureOf, failureOfEnvelope, type Failure } from './failure.ts';

export interface AnswerSide {
  readonly text: string;
  readonly scores: AnswerEvent['scores'];
  readonly detail: AnswerEvent['detail'];
  readonly state: 'waiting' | 'speaking' | 'finished' | 'stopped' | 'failed';
  /** From the question to the last piece; the base may wait for the tuned one. */
  readonly seconds: number;
  readonly failure: Failure | null;
}

const waiting: AnswerSide = { text: '', scores: null, detail: null, state: 'waiting', seconds: 0, failure: null };

type Side = AnswerEvent['side'];
/** Those that are asked. */
type Sides = Readonly<Partial<Record<Side, AnswerSide>>>;

export class Answers {
  readonly #studio: Studio;
  readonly #answering: () => readonly Side[];
  #id: string | null = null;
  /** Pieces that came before the reply that names their id. */
  #early: AnswerEvent[] = [];
  #began = 0;
  #asking = $state(false);
  #question = $state.raw<Asked | null>(null);
  #asked = $state(0);
  #sides = $state.raw<Sides | null>(null);
  #failure = $state.raw<Failure | null>(null);

  constructor(studio: Studio, answering: () => readonly Side[] = () => ['base', 'tuned']) {
    this.#studio = studio;
    this.#answering = answering;
  }

  /** The question whose answers are shown. */
  get question(): Asked | null {
    return this.#question;
  }

  /** Questions asked in this visit. */
  get asked(): number {
    return this.#asked;
  }

  get sides(): Sides | null {
    return this.#sides;
  }

  get failure(): Failure | null {
    return this.#failure;
  }

  readonly busy: boolean = $derived(this.#asking || (this.#sides !== null && Object.values(this.#sides).some(isOpen)));

  /** Listens to the pieces. Returns how to stop listening; an answer still under way is stopped with it. */
  open(): () => void {
    const close = this.#studio.on('answer', (event) => {
      if (this.#id === null) this.#early.push(event);
      else if (event.id === this.#id) this.#take(event);
    });
    return () => {
      close();
      void this.stop();
    };
  }

  /** `settings`: how both write, where it is not at its default. */
  async ask(runId: string, question: Asked, settings: Readonly<Record<string, Json>> = {}): Promise<void> {
    if (this.busy || question.prompt.trim() === '') return;
    this.#asking = true;
    this.#failure = null;
    this.#id = null;
    this.#early = [];
    this.#question = question;
    this.#asked += 1;
    this.#sides = Object.fromEntries(this.#answering().map((side) => [side, waiting]));
    this.#began = performance.now();
    try {
      const { choices, ...texts } = question;
      const { id } = await this.#studio.call('ask', {
        runId,
        ...texts,
        ...(choices !== undefined && { choices: [...choices] }),
        ...(Object.keys(settings).length > 0 && { settings }),
      });
      this.#id = id;
      for (const event of this.#early.filter((early) => early.id === id)) this.#take(event);
      // Stopped before it had a name.
      if (this.#sides !== null && !Object.values(this.#sides).some(isOpen)) await this.#tellStop(id);
    } catch (thrown) {
      this.#failure = failureOf(thrown);
      this.#sides = null;
    } finally {
      this.#early = [];
      this.#asking = false;
    }
  }

  async stop(): Promise<void> {
    if (!this.busy) return;
    this.#close('stopped');
    if (this.#id !== null) await this.#tellStop(this.#id);
  }

  async #tellStop(id: string): Promise<void> {
    try {
      await this.#studio.call('stopAnswer', { id });
    } catch (thrown) {
      this.#failure = failureOf(thrown);
    }
  }

  #take(event: AnswerEvent): void {
    const side = this.#sides?.[event.side];
    if (!this.#sides || !side || !isOpen(side)) return;
    const failure = failureOfEnvelope(event.error);
    this.#sides = {
      ...this.#sides,
      [event.side]: {
        text: side.text + event.text,
        scores: event.scores ?? side.scores,
        detail: event.detail ?? side.detail,
        state:
          failure !== null
            ? 'failed'
            : event.error?.kind === 'cancelled'
              ? 'stopped'
              : event.done
                ? 'finished'
                : 'speaking',
        seconds: (performance.now() - this.#began) / 1000,
        failure,
      },
    };
  }

  #close(state: 'stopped'): void {
    if (this.#sides === null) return;
    const closed = (side: AnswerSide): AnswerSide => (isOpen(side) ? { ...side, state } : side);
    this.#sides = Object.fromEntries(Object.entries(this.#sides).map(([side, own]) => [side, closed(own)]));
  }
}

function isOpen(side: AnswerSide): boolean {
  return side.state === 'waiting' || side.state === 'speaking';
}
