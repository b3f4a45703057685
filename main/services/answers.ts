/** Questions to a run's model, base and tuned side by side; the answers arrive as news. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { asOurs, StudioError, CancelledError, toEnvelope } from '../../engine/spec/errors.ts';
import { answerLength, generationSettings, type GenerationSettings } from '../../engine/spec/generation.ts';
import type { Question } from '../../engine/spec/commands.ts';
import { writesText, type TaskName } from '../../engine/spec/tasks.ts';
import type { AnswerEvent } from '../contract/views.ts';
import type { RunRecord } from '../store/store.ts';
import { modelPathOf } from './models.ts';
import type { Parts, Services } from './parts.ts';
import type { Planner } from './plan.ts';
import { restoredAdapter } from './run-folder.ts';
import type { Views } from './views.ts';

/** Class centres are all that a run keeps of an untrained classifier. */
function canAskUntrained(task: TaskName, baseline: string | null): boolean {
  return writesText(task) || (task === 'text-classification' && baseline !== null && existsSync(baseline));
}

export function answerServices(
  parts: Parts,
  { views, facts }: { readonly views: Views; readonly facts: Planner['facts'] },
): Pick<Services, 'ask' | 'stopAnswer'> {
  const { store, engine, paths, publish } = parts;
  const underWay = new Map<string, AbortController>();

  const answer = async (
    run: RunRecord,
    question: {
      readonly id: string;
      readonly side: AnswerEvent['side'];
      readonly asked: Question;
      readonly settings: GenerationSettings;
      readonly adapter: string | null;
      readonly baseline?: string | null;
      readonly withoutExamples?: boolean;
      readonly signal: AbortSignal;
    },
  ): Promise<void> => {
    const { id, side, asked, settings, adapter, baseline, withoutExamples = false, signal } = question;
    // A model as it came has an answer of its own only where it writes, or where the run measured one that can be asked again.
    const isMute = adapter === null && !canAskUntrained(run.task, baseline ?? null);
    const tell = (news: Partial<AnswerEvent>) =>
      publish('answer', { id, side, text: '', done: false, scores: null, detail: null, error: null, ...news });
    let streamed = '';
    try {
      if (isMute) throw new StudioError('answer.untrained', { model: run.model });
      const reply = await engine.call(
        'generate',
        {
          modelPath: modelPathOf(run, paths),
          adapter,
          ...(typeof baseline === 'string' ? { baseline } : {}),
          ...(withoutExamples ? { withoutExamples } : {}),
          ...asked,
          ...settings,
          task: run.task,
        },
        {
          signal,
          onNews: ({ text }) => {
            streamed += text;
            tell({ text });
          },
        },
      );
      const rest = reply.text.startsWith(streamed) ? reply.text.slice(streamed.length) : '';
      tell({ text: rest, done: true, scores: reply.scores, detail: reply.detail });
    } catch (thrown) {
      tell({ done: true, error: asOurs(thrown) instanceof CancelledError ? null : toEnvelope(thrown) });
    }
  };

  return {
    ask: async ({ runId, prompt, pair, context, choices, settings: wished = {} }) => {
      const run = views.runRecord(runId);
      const room = await facts(run.model).then(
        ({ contextLength }) => contextLength,
        // A model that has gone missing is told of when it is opened.
        () => null,
      );
      const settings = generationSettings({ maxNewTokens: answerLength(room), ...wished });
      if (run.metrics === null && run.state !== 'finished')
        throw new StudioError('run.state', { state: run.state, wanted: 'asked' });
      const adapter = await restoredAdapter(run.folder, store.adapters.list(run.id));
      const id = randomUUID();
      const abort = new AbortController();
      underWay.set(id, abort);
      const { signal } = abort;
      // The base model of a classifier has no categories of its own: it answers by the class centres the run measured.
      const measured = join(run.folder, 'baseline.json');
      // An adapter that was trained elsewhere came without.
      const baseline = writesText(run.task) || !existsSync(measured) ? null : measured;
      const asked: Question = {
        prompt,
        ...(pair === undefined ? {} : { pair }),
        ...(context === undefined ? {} : { context }),
        ...(choices === undefined ? {} : { choices }),
      };
      const question = { id, asked, settings, signal };
      const tuned = answer(run, { ...question, side: 'tuned', adapter });
      const shots = run.metrics?.prompted?.shots;
      const base =
        shots === undefined
          ? [answer(run, { ...question, side: 'base', adapter: null, baseline })]
          : // A prompt is compared with itself without its examples; without any there is nothing else to ask.
            shots === 0
            ? []
            : [answer(run, { ...question, side: 'base', adapter, withoutExamples: true })];
      void Promise.all([tuned, ...base]).finally(() => underWay.delete(id));
      return { id };
    },
    stopAnswer: ({ id }) => {
      underWay.get(id)?.abort();
      return null;
    },
  };
}
