/** Golden-extra's bottleneck adapters: AdapterHub's folders read, run, trained and written again, and what goes through each place. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openModel } from '../../../engine/checkpoint/model-folder.ts';
import { adapterHubHead, adapterHubMethod, adapterHubTensors } from '../../../engine/export/read-adapterhub.ts';
import { architectureNames, architectureOf } from '../../../engine/models/registry.ts';
import { hasHead } from '../../../engine/models/model.ts';
import { createSetup, shapeOf, type Setup } from '../../../engine/train/setup.ts';
import { floatData, floats } from '../../../engine/train/state.ts';
import { loadWeights } from '../../../engine/train/weights.ts';
import type { HostTensor } from '../../../engine/runtime/session.ts';
import { goldenBatch } from '../batch.ts';
import { openReference, type Reference } from '../reference.ts';
import { evaluate, gradients, train, type Trained } from './adapter-run.ts';
import { allowed } from './adapter-noise.ts';
import { compareProbes } from './adapter-probes.ts';
import { compareWritten } from './adapter-written.ts';
import { compare, worstOf } from './compare.ts';
import type { ExtraCase, ExtraFamily, ExtraResult, Machine } from './registry.ts';

/** Golden-extra's README: absolute, and of the value where that is larger than 1. */
const tolerance = { logits: 2e-5, loss: 5e-6, gradient: 5e-6, final: 2e-5 } as const;

export interface AdapterCase {
  readonly id: string;
  readonly arch: string;
  readonly base: string;
  readonly adapter_name: string;
  readonly trainable: Readonly<Record<string, readonly number[]>>;
  readonly optimizer: {
    readonly lr: number;
    readonly betas: readonly [number, number];
    readonly eps: number;
    readonly weight_decay: number;
    readonly max_grad_norm: number;
    readonly steps: number;
  };
  readonly placement: readonly { readonly module: string; readonly has_adapter: boolean }[];
  readonly final_ill_conditioned: Readonly<Record<string, number>>;
  /** Of each group of tensors: how far AdapterHub in float32 is from itself in float64. */
  readonly f32_minus_f64_max: Readonly<Record<string, number>>;
}

export const adapters: ExtraFamily = {
  name: 'adapters',
  cases: (root) => {
    const folder = join(root, 'adapters');
    const { cases } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as {
      cases: readonly { readonly id: string; readonly failed?: string }[];
    };
    return cases.map(({ id, failed }): ExtraCase => {
      if (failed !== undefined) return { name: id, skipped: `AdapterHub fails: ${failed}` };
      const file = JSON.parse(readFileSync(join(folder, id, 'case.json'), 'utf8')) as AdapterCase;
      if (!architectureNames.includes(file.arch)) return { name: id, skipped: `architecture ${file.arch}` };
      return { name: id, run: (machine) => runAdapterCase(join(folder, id), file, machine) };
    });
  },
};

async function runAdapterCase(folder: string, file: AdapterCase, machine: Machine): Promise<ExtraResult> {
  const base = await openModel(join(folder, file.base));
  try {
    const architecture = architectureOf(base.config);
    const config = architecture.parseConfig(base.config, base.path);
    const start = join(folder, 'adapter_init');
    const own = await adapterHubHead(start, { architecture, config, base });
    if (!hasHead(own.architecture, own.head.name)) return { worst: NaN, failure: `${own.head.name} on ${file.arch}` };
    const setup = createSetup({
      architecture: own.architecture,
      config,
      head: own.head,
      method: await adapterHubMethod(start),
    });
    const reference = await openReference(folder);
    const keys = keysOf(setup, file.adapter_name);
    const wrongKeys = compareKeys(setup, keys, file);
    if (wrongKeys !== null) return { worst: NaN, failure: wrongKeys };
    const known = await adapterHubTensors(start, setup);
    const { fed } = await loadWeights({ base, setup, seed: 0, known });
    const state = await inMemory(fed, setup, base);
    const results: ExtraResult[] = [compareInitial(setup, { keys, reference, known })];
    const batches = [0, 1].map((index) => goldenBatch(reference, index, { file: { loss_rule: '' }, setup }));
    const at = { setup, machine, batches, optimizer: file.optimizer };
    const before = await evaluate(at, state);
    const compared = batches.map((batch) => batch.compared);
    results.push(
      compareLogits(before, 'logits0', { reference, compared, atol: allowed(file, 'logits0', tolerance.logits) }),
    );
    before.forEach(({ loss }, index) =>
      results.push(
        compare(
          { loss0: loss },
          { loss0: reference.floats(`loss0.batch${String(index)}`).values[0] },
          allowed(file, 'loss0', tolerance.loss),
        ),
      ),
    );
    const [first] = batches;
    if (!first) throw new Error('no batch');
    results.push(await compareProbes({ setup, machine, batch: first, state, reference, file }));
    const found = await gradients(at, state);
    results.push(
      compareAll(setup.trainable, {
        found,
        expected: (name) => reference.floats(`grad.${keys(name)}`).values,
        atol: allowed(file, 'grad', tolerance.gradient),
      }),
    );
    const trained = await train(at, state);
    results.push(compareTrained(trained, { setup, reference, keys, file }));
    const decided = setup.trainable.filter((name) => keys(name) in file.final_ill_conditioned);
    const final = (name: string): HostTensor =>
      floats(shapeOf(setup, name), reference.floats(`final.${keys(name)}`).values);
    for (const name of decided) trained.state.set(name, final(name));
    // Where rounding decided some tensors, the noise of the logits tells of those, and the others followed them: all are the reference's.
    const after = new Map(trained.state);
    if (decided.length > 0) for (const name of setup.trainable) after.set(name, final(name));
    const atol = allowed(file, decided.length > 0 ? 'logits0' : 'logits_final', tolerance.logits);
    results.push(compareLogits(await evaluate(at, after), 'logits_final', { reference, compared, atol }));
    results.push(await compareWritten(folder, { setup, file, state: trained.state, labels: own.labels }));
    return worstOf(results);
  } finally {
    await base.close();
  }
}

/** The name of one of our parameters in AdapterHub's model: of a norm in front, the one that its module is registered under. */
function keysOf({ method, methodConfig, architecture, added }: Setup, adapterName: string): (name: string) => string {
  const prefixed = architecture.ownHead?.key ?? ((name: string) => name);
  return (name) =>
    prefixed(
      (added.has(name) && methodConfig ? method?.adapterHub?.keys(name, adapterName, methodConfig)[0] : null) ?? name,
    );
}

/** What learns: the very keys and shapes. */
function compareKeys(setup: Setup, keys: (name: string) => string, file: AdapterCase): string | null {
  const listed = (entries: readonly (readonly [string, readonly number[]])[]): readonly string[] =>
    entries.map(([key, shape]) => `${key} ${shape.join('x')}`).toSorted();
  const ours = listed(setup.trainable.map((name) => [keys(name), shapeOf(setup, name)] as const));
  const theirs = listed(Object.entries(file.trainable));
  const odd = ours.find((key) => !theirs.includes(key)) ?? theirs.find((key) => !ours.includes(key));
  return odd === undefined ? null : `not the same learns: ${odd}`;
}

/** Frozen weights are mapped from the model's file in a run; here they are fed. */
async function inMemory(
  fed: ReadonlyMap<string, HostTensor>,
  setup: Setup,
  base: Awaited<ReturnType<typeof openModel>>,
): Promise<Map<string, HostTensor>> {
  const names = new Set(base.weights.names());
  const state = new Map(fed);
  for (const [name, shape] of setup.shapes) {
    if (state.has(name)) continue;
    const stored = setup.architecture.stored(name, setup.head.name).find((candidate) => names.has(candidate));
    state.set(name, floats(shape, await base.weights.read(stored ?? name)));
  }
  return state;
}

interface Named {
  readonly keys: (name: string) => string;
  readonly reference: Reference;
}

/** The folder saved before training holds what training starts from, frozen layers of a head included. */
function compareInitial(
  setup: Setup,
  { keys, reference, known }: Named & { readonly known: ReadonlyMap<string, Float32Array> },
): ExtraResult {
  const expected = (name: string): Float32Array => {
    const [learned, frozen] = [`init.${keys(name)}`, `frozen_head.${keys(name)}`];
    return reference.floats(reference.has(frozen) ? frozen : learned).values;
  };
  const unread = setup.trainable.find((name) => !known.has(name));
  if (unread !== undefined) return { worst: NaN, failure: `${unread} was not read` };
  return compareAll(
    [...known.keys()].filter(
      (name) => reference.has(`init.${keys(name)}`) || reference.has(`frozen_head.${keys(name)}`),
    ),
    { found: known, expected, atol: 0 },
  );
}

function compareAll(
  names: readonly string[],
  at: {
    readonly found: ReadonlyMap<string, ArrayLike<number>>;
    readonly expected: (name: string) => ArrayLike<number>;
    readonly atol: number;
  },
): ExtraResult {
  return worstOf(
    names.map((name) =>
      compare({ [name]: Array.from(at.found.get(name) ?? []) }, { [name]: Array.from(at.expected(name)) }, at.atol),
    ),
  );
}

function compareTrained(
  { losses, norms, state }: Trained,
  { setup, reference, keys, file }: Named & { readonly setup: Setup; readonly file: AdapterCase },
): ExtraResult {
  const values = new Map(setup.trainable.map((name) => [name, floatData(state.get(name))] as const));
  const told = (name: string): readonly number[] => Array.from(reference.floats(name).values);
  return worstOf([
    compare({ losses }, { losses: told('losses') }, allowed(file, 'losses', tolerance.loss)),
    compare({ norms }, { norms: told('grad_norms') }, allowed(file, 'grad_norms', tolerance.final)),
    compareAll(
      setup.trainable.filter((name) => !(keys(name) in file.final_ill_conditioned)),
      { found: values, expected: (name) => reference.floats(`final.${keys(name)}`).values, atol: tolerance.final },
    ),
  ]);
}

/** Rows of padding say nothing in a language model or a tagger. */
function compareLogits(
  found: readonly { readonly logits: Float32Array }[],
  front: string,
  at: {
    readonly reference: Reference;
    readonly compared: readonly (readonly boolean[])[];
    readonly atol: number;
  },
): ExtraResult {
  const { reference, compared, atol } = at;
  const columns = { logits: null, start_logits: 0, end_logits: 1 } as const;
  return worstOf(
    found.flatMap(({ logits }, index) =>
      Object.entries(columns).flatMap(([field, column]) => {
        const name = `${front}.batch${String(index)}.${field}`;
        if (!reference.has(name)) return [];
        const kept = compared[index] ?? [];
        const width = logits.length / kept.length;
        const theirs = reference.floats(name).values;
        const pick = (all: Float32Array, size: number, from: number | null): number[] =>
          kept.flatMap((wanted, row) =>
            wanted
              ? Array.from(
                  all.subarray(row * size + (from ?? 0), from === null ? (row + 1) * size : row * size + from + 1),
                )
              : [],
          );
        const ours = pick(logits, width, column);
        return [compare({ [name]: ours }, { [name]: pick(theirs, column === null ? width : 1, null) }, atol)];
      }),
    ),
  );
}
