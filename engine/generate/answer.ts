/** Answers a prompt with the base model or a tuned one; the model asked last stays loaded. */
import { availableParallelism } from 'node:os';
import { openTuned, type TunedModel } from '../export/open-adapter.ts';
import { hasHead, headNames, writesText, type Architecture, type HeadName } from '../models/model.ts';
import { chooseDevice } from '../runtime/device.ts';
import { Runtime } from '../runtime/session.ts';
import type { Answer, CommandHandler, GenerateRequest } from '../spec/commands.ts';
import { StudioError } from '../spec/errors.ts';
import { askedSettings, generationSettings } from '../spec/generation.ts';
import { taskOf } from '../tasks/registry.ts';
import { withoutExamples, type PromptContext } from '../tasks/prompted/context.ts';
import { stopOf } from '../tasks/prompted/writing.ts';
import type { Task } from '../tasks/task.ts';
import { encodeTexts } from '../tasks/text-classification/encode.ts';
import { streamText } from '../tokenizer/stream.ts';
import { nearestCentre } from '../tasks/nearest-centre.ts';
import { createAnswerer } from '../train/answerer.ts';
import { answererOf } from '../train/evaluate.ts';
import { Machine } from '../train/machine.ts';
import { readJsonFile, type SavedBaseline } from '../train/run-folder.ts';
import { openArchitecture, taskModel, type OpenedModel } from '../train/prepare.ts';
import { createSetup, type Setup } from '../train/setup.ts';
import { loadWeights } from '../train/weights.ts';
import { Decoder } from './decoder.ts';
import { askRow } from './row-speaker.ts';
import { tokenRules } from './rules.ts';
import { cutAt, endsAt } from './stop-strings.ts';

type Tell = (item: { readonly text: string }) => void;
type Control = Parameters<CommandHandler<'generate'>>[2];

/** A model that is loaded and can be asked. */
interface Speaker {
  readonly key: string;
  ask(request: GenerateRequest, tell: Tell, control: Control): Promise<Answer>;
  dispose(): Promise<void>;
}

/** Models kept loaded: a base and its tuned version side by side. */
const speakersKept = 2;

export function createGenerator(): CommandHandler<'generate'> {
  const speakers: Speaker[] = [];
  return async (request, tell, control) => {
    const { modelPath, adapter, baseline = null, task = null, withoutExamples = false } = request;
    const key = JSON.stringify([modelPath, adapter, baseline, task, withoutExamples]);
    const known = speakers.findIndex((speaker) => speaker.key === key);
    const [found] = known < 0 ? [] : speakers.splice(known, 1);
    const speaker = found ?? (await openSpeaker(key, request));
    speakers.push(speaker);
    if (speakers.length > speakersKept) await speakers.shift()?.dispose();
    return speaker.ask(request, tell, control);
  };
}

async function openSpeaker(key: string, request: GenerateRequest): Promise<Speaker> {
  const { modelPath, adapter, baseline, task } = request;
  if (adapter === null && baseline !== undefined) return untrainedSpeaker(key, modelPath, baseline);
  if (adapter === null) {
    const opened = await openArchitecture(modelPath);
    const { base, architecture, config } = opened;
    try {
      const head = { name: languageHead(architecture), labels: config.vocabulary };
      const setup = createSetup({ architecture, config, head, method: null });
      const weights = await loadWeights({ base, setup, seed: 0 });
      const asked = task === undefined ? null : taskOf(task);
      return await writingSpeaker(key, opened, {
        setup,
        weights,
        threads: availableParallelism(),
        task: asked,
        prompt: null,
      });
    } catch (thrown) {
      await base.close();
      throw thrown;
    }
  }
  const tuned = await openAsked(modelPath, adapter, request);
  const threads = tuned.recipe.threads === 0 ? availableParallelism() : tuned.recipe.threads;
  if (tuned.task.ask)
    return writingSpeaker(key, tuned, {
      setup: tuned.setup,
      weights: tuned.weights,
      threads,
      task: tuned.task,
      prompt: tuned.prompt,
    });
  const answerer = await answererOf(tuned);
  return {
    key,
    ask: async (request, tell) => {
      const began = performance.now();
      const answer = await askRow(tuned, answerer, request);
      tell({ text: answer.text });
      return { ...answer, seconds: (performance.now() - began) / 1000 };
    },
    dispose: () => answerer.dispose(),
  };
}

async function openAsked(
  modelPath: string,
  adapter: string,
  { withoutExamples: isBare = false }: GenerateRequest,
): Promise<TunedModel> {
  const tuned = await openTuned(modelPath, adapter);
  return isBare && tuned.prompt ? { ...tuned, prompt: withoutExamples(tuned.prompt) } : tuned;
}

/** The untrained encoder: the class whose centre over the learning rows is nearest to the text. */
async function untrainedSpeaker(key: string, modelPath: string, baseline: string): Promise<Speaker> {
  const { centres, labels, maxLength } = (await readJsonFile(baseline)) as unknown as SavedBaseline;
  if (!centres) throw new StudioError('answer.untrained', { model: modelPath });
  const opened = await openArchitecture(modelPath);
  const { base, architecture, config } = opened;
  const head = { name: 'sequence-classification', labels: labels.length } as const;
  const setup = createSetup({ architecture, config, head, method: null });
  const weights = await loadWeights({ base, setup, seed: 0 });
  const machineOptions = {
    runtime: await Runtime.open(),
    device: chooseDevice('auto'),
    threads: availableParallelism(),
    setup,
  };
  const machine = new Machine({ ...machineOptions, base, weights });
  const answerer = createAnswerer({
    ...machineOptions,
    machine,
    mapped: weights.mapped,
    batchSize: 1,
    rules: { eos: [] },
  });
  return {
    key,
    ask: async ({ prompt }, tell) => {
      const began = performance.now();
      const { rows } = await encodeTexts([{ text: prompt }], taskModel(opened, maxLength), () => ({ label: 0 }));
      const [feature] = await answerer.features(rows);
      const text = labels[nearestCentre(centres, feature ?? [])] ?? '';
      tell({ text });
      return {
        text,
        scores: null,
        detail: null,
        tokens: rows[0]?.ids.length ?? 0,
        seconds: (performance.now() - began) / 1000,
      };
    },
    dispose: async () => {
      await answerer.dispose();
      await machine.release();
      await base.close();
    },
  };
}

type Loaded = Pick<ConstructorParameters<typeof Decoder>[0], 'setup' | 'threads'> & {
  readonly weights: Awaited<ReturnType<typeof loadWeights>>;
  /** How it is asked; null: as a chat where it has a template, else as a text to go on with. */
  readonly task: Task | null;
  readonly prompt: PromptContext | null;
};

async function writingSpeaker(
  key: string,
  opened: OpenedModel,
  { setup, weights, threads, task, prompt }: Loaded,
): Promise<Speaker> {
  const { base } = opened;
  const { tokenizer, chatTemplate } = base;
  const model = taskModel(opened, setup.config.maxLength, { prompt });
  const stop = stopOf(model);
  const ask = task?.ask ?? taskOf(chatTemplate === null ? 'text-generation' : 'chat').ask;
  if (!ask) throw new StudioError('answer.untrained', { model: base.path });
  const decoder = new Decoder({
    runtime: await Runtime.open(),
    device: chooseDevice('auto'),
    threads,
    setup,
    state: weights.fed,
    mapped: weights.mapped,
  });
  const rules = tokenRules(base);
  return {
    key,
    ask: async (request, tell, control) => {
      const began = performance.now();
      const ids = await ask(model, request.prompt, Infinity);
      const wished = generationSettings(askedSettings(request));
      const settings = stop === null ? wished : { ...wished, stopStrings: [...wished.stopStrings, stop] };
      refuseTooLong(setup, { prompt: ids.length, answer: settings.maxNewTokens });
      const cutter = cutAt(settings.stopStrings);
      const stream = streamText(tokenizer, { skipSpecialTokens: true });
      let text = '';
      const say = (piece: string): void => {
        if (piece === '') return;
        text += piece;
        tell({ text: piece });
      };
      const waiting: number[] = [];
      const [found = []] = await decoder.decode([ids], {
        settings,
        rules,
        ended: endsAt(settings.stopStrings, tokenizer),
        onToken: (_row, id) => waiting.push(id),
        afterStep: async () => {
          for (const id of waiting.splice(0)) say(cutter.push(await stream.push(id)));
          await new Promise((proceed) => setImmediate(proceed));
          control.signal.throwIfAborted();
        },
      });
      for (const id of waiting) say(cutter.push(await stream.push(id)));
      say(cutter.push(await stream.end()) + cutter.end());
      return { text, scores: null, detail: null, tokens: found.length, seconds: (performance.now() - began) / 1000 };
    },
    dispose: async () => {
      await decoder.dispose();
      await base.close();
    },
  };
}

function languageHead(architecture: Architecture): HeadName {
  const name = headNames.find((head) => writesText(head) && hasHead(architecture, head));
  if (!name) throw new StudioError('model.task', { architecture: architecture.type, task: 'chat' });
  return name;
}

/** Prompt and answer share a row, with what the method puts there; beside an encoder the answer has a row of its own. */
function refuseTooLong(
  { architecture, config, virtualTokens, prefixLength }: Setup,
  tokens: { readonly prompt: number; readonly answer: number },
): void {
  const prompt = tokens.prompt + virtualTokens;
  const answer = tokens.answer + prefixLength;
  const longest = architecture.kind === 'encoder-decoder' ? Math.max(prompt, answer) : prompt + answer;
  if (longest > config.maxLength) throw new StudioError('rows.too-long', { longest, limit: config.maxLength, row: 1 });
}
