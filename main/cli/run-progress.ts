/** The news of a run as lines for people: phase, step, loss, time left. */
import type { Phase, RunEvent } from '../../engine/spec/events.ts';
import { bytes, count, counted, figure, percent } from '../../engine/spec/wording/format.ts';
import { phaseSentence } from '../../engine/spec/wording/index.ts';
import { duration } from './format.ts';
import type { Output } from './output.ts';

/** How many of the last steps the time left is judged by. */
const recentSteps = 50;

export class RunProgress {
  readonly #output: Output;
  readonly #recent: { readonly step: number; readonly seconds: number }[] = [];
  #steps = 0;
  #phase: Phase | null = null;

  constructor(output: Output) {
    this.#output = output;
  }

  readonly take = (event: RunEvent): void => {
    this.#output.event(event);
    const line = this.#kept(event);
    if (line === null) return;
    this.#output.settle();
    this.#output.note(line);
  };

  /** A line that stays; null when the event only moves the progress line. */
  #kept(event: RunEvent): string | null {
    switch (event.type) {
      case 'phase':
        return this.#phaseLine(event);
      case 'plan':
        this.#steps = event.steps;
        return planLine(event);
      case 'step':
        this.#output.progress(this.#stepLine(event));
        return null;
      case 'evaluation': {
        const figures = Object.entries(event.metrics).map(([name, value]) => `${name} ${figure(value)}`);
        return [
          `check at step ${event.step}: loss ${figure(event.loss)}`,
          ...figures,
          ...(event.kept ? ['best so far'] : []),
        ].join(', ');
      }
      case 'checkpoint':
        return null;
      case 'resumed':
        return `going on after step ${event.step}`;
      case 'paused':
        return `paused after step ${event.step}`;
      case 'continued':
        return `continued after step ${event.step}`;
      case 'stopped':
        return event.reason === 'early'
          ? `stopped at step ${event.step}: it no longer improved`
          : `stopped at step ${event.step}`;
      case 'finished':
        return this.#steps === 0 ? null : `kept the version of step ${event.keptStep}`;
    }
  }

  #phaseLine({ phase, done, total }: Extract<RunEvent, { type: 'phase' }>): string | null {
    const isNew = phase !== this.#phase;
    this.#phase = phase;
    if (isNew) return phaseSentence(phase);
    if (total > 1) this.#output.progress(phaseSentence(phase, { done, total }));
    return null;
  }

  #stepLine({ step, seconds, loss, memoryBytes }: Extract<RunEvent, { type: 'step' }>): string {
    this.#recent.push({ step, seconds });
    if (this.#recent.length > recentSteps) this.#recent.shift();
    const share = this.#steps > 0 ? ` (${percent(step / this.#steps)})` : '';
    const left = this.#secondsLeft(step);
    return [
      `training  step ${step}/${this.#steps}${share}`,
      `loss ${figure(loss)}`,
      ...(left === null ? [] : [`ETA ${duration(left)}`]),
      bytes(memoryBytes),
    ].join('  ');
  }

  #secondsLeft(step: number): number | null {
    const [first] = this.#recent;
    const last = this.#recent.at(-1);
    if (!first || !last || last.step === first.step) return null;
    return ((last.seconds - first.seconds) / (last.step - first.step)) * (this.#steps - step);
  }
}

function planLine(plan: Extract<RunEvent, { type: 'plan' }>): string {
  const { rows, steps, trainableParameters, totalParameters, truncatedRows, device } = plan;
  const share = percent(totalParameters > 0 ? trainableParameters / totalParameters : 1);
  const held = `${count(rows.validation)} to check, ${count(rows.test)} to test`;
  const parts = [
    ...(steps === 0
      ? [`${count(rows.train)} rows to take examples from, ${held}`, `nothing is trained, asked on ${device}`]
      : [
          `${count(rows.train)} rows to learn from, ${held}`,
          `${count(steps)} steps on ${device}`,
          `${count(trainableParameters)} weights learn (${share})`,
        ]),
    ...(truncatedRows > 0
      ? [`${counted(truncatedRows, 'row')} ${truncatedRows === 1 ? 'loses its' : 'lose their'} end`]
      : []),
  ];
  return parts.join('; ');
}
