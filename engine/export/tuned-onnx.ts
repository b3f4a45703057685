/** A tuned network as ONNX for onnxruntime: token ids in, logits out, rows and tokens in any number. */
import { join } from 'node:path';
import { copyTokenizerFiles } from '../checkpoint/copy-tokenizer.ts';
import { writeAll, writeAtomically } from '../checkpoint/write-safetensors.ts';
import { encodeAnySize, SizesError } from '../onnx/any-size.ts';
import type { Lowering } from '../onnx/encode.ts';
import type { ExternalData, NamedType } from '../onnx/model-proto.ts';
import type { Sizes } from '../onnx/size-polynomial.ts';
import { openOnnxFile, type OnnxFile } from '../runtime/onnx-file.ts';
import { Runtime, type HostTensor } from '../runtime/session.ts';
import { StudioError } from '../spec/errors.ts';
import type { Prediction } from '../spec/metrics.ts';
import { withoutVirtualTokens, type TokenRow } from '../tasks/rows.ts';
import type { Watch } from '../tasks/task.ts';
import { Machine } from '../train/machine.ts';
import { writeJson, writeText } from '../train/run-folder.ts';
import { buildForward, shapeOf, type Setup } from '../train/setup.ts';
import { floatData, longs } from '../train/state.ts';
import { readWeight } from '../train/weights.ts';
import { modelCard } from './adapter.ts';
import { answersOf, askedOf, decoderSource, frontTokens, writeInputs } from './onnx-inputs.ts';
import type { TunedModel } from './open-adapter.ts';
import { logitTolerance, rowsOf, type Replay } from './replay.ts';
import { wholeModel, type WholeModel } from './whole-model.ts';

const graphFile = 'model.onnx';
const dataFile = 'model.onnx.data';

/** Tables of distances and angles are written for rows of this length at most; they grow with its square while it is built. */
const longestTables = 2048;
/** Shorter tables would not reach the lengths that the rules are found with. */
const shortestTables = 64;

/** Writes the graph, its weights beside it, the tokenizer, the labels and a card into a folder that is there. */
export async function writeTunedOnnx(tuned: TunedModel, folder: string): Promise<void> {
  const { setup, read } = networkOf(tuned);
  const places = new Map<string, ExternalData>();
  const { bytes, longest } = encoded(tuned, setup, places);
  await writeAtomically(join(folder, graphFile), (handle) => writeAll(handle, bytes));
  await writeAtomically(join(folder, dataFile), async (handle) => {
    for (const name of places.keys()) {
      const { buffer, byteOffset, byteLength } = await read(name);
      await writeAll(handle, new Uint8Array(buffer, byteOffset, byteLength));
    }
  });
  await copyTokenizerFiles(tuned.base, folder);
  await writeJson(join(folder, 'labels.json'), tuned.labels);
  await writeText(join(folder, 'README.md'), card(tuned, setup, longest));
}

/** With the method's effect in the weights where that can be, else with the method in the graph. */
function networkOf(tuned: TunedModel): Pick<WholeModel, 'setup' | 'read'> {
  try {
    return wholeModel(tuned);
  } catch (thrown) {
    if (!(thrown instanceof StudioError) || thrown.code !== 'method.merge') throw thrown;
  }
  const { setup, base, weights } = tuned;
  return {
    setup,
    read: async (name) => {
      const known = weights.fed.get(name);
      return known ? floatData(known) : readWeight(name, base, { setup, seed: 0 });
    },
  };
}

/** The longest tables for which rows of all lengths are computed alike. Errors: `export.no-place`. */
function encoded(
  tuned: TunedModel,
  setup: Setup,
  places: Map<string, ExternalData>,
): { readonly bytes: Uint8Array; readonly longest: number } {
  const wanted = Math.max(Math.min(setup.config.maxLength, longestTables), tuned.recipe.training.maxLength);
  let reason = '';
  for (let longest = Math.max(wanted, shortestTables); longest >= shortestTables; longest = Math.floor(longest / 2)) {
    places.clear();
    try {
      return { bytes: encodeFor(tuned, setup, { places, longest }), longest };
    } catch (thrown) {
      if (!(thrown instanceof SizesError)) throw thrown;
      reason = thrown.message;
    }
  }
  throw new StudioError('export.no-place', { format: 'ONNX', what: setup.architecture.type, reason });
}

function encodeFor(
  tuned: TunedModel,
  setup: Setup,
  { places, longest }: { readonly places: Map<string, ExternalData>; readonly longest: number },
): Uint8Array {
  let end = 0;
  return encodeAnySize({
    longest,
    build: (sizes: Sizes) => {
      const [batch, length, decoder] = sizes;
      const decoderLength = decoderSource(setup) === 'none' ? 0 : decoder;
      const shape = { batch, length, decoderLength, answers: answersOf(setup, sizes) };
      const { graph, logits } = buildForward(setup, shape);
      return { graph, output: logits };
    },
    before: (lowering) => writeInputs(lowering, setup),
    after: (lowering, from) => writeLogits(lowering, setup, from),
    weight: (name) => {
      const length = shapeOf(setup, name).reduce((product, size) => product * size, Float32Array.BYTES_PER_ELEMENT);
      const place = { location: dataFile, offset: end, length };
      end += length;
      places.set(name, place);
      return place;
    },
    metadata: {
      task: tuned.recipe.task,
      labels: JSON.stringify(tuned.labels),
      longest: String(longest - frontTokens(setup)),
    },
  });
}

/** [rows, labels] as it is, or [rows, tokens, labels] of the user's own tokens. */
function writeLogits(lowering: Lowering, setup: Setup, from: string): NamedType {
  const labels = setup.head.words?.length ?? setup.head.labels;
  if (askedOf(setup) === 'one a row') {
    lowering.emit('Identity', [from], { to: ['logits'] });
    return { name: 'logits', dtype: 'float32', shape: ['batch', labels] };
  }
  const hasDecoder = decoderSource(setup) !== 'none';
  const isAnswer = decoderSource(setup) === 'answer';
  const shape = lowering.emit('Shape', [isAnswer ? 'decoder_input_ids' : 'input_ids']);
  const front = hasDecoder ? 0 : frontTokens(setup);
  const item = (at: number): string =>
    lowering.emit('Gather', [shape, lowering.integers([at])], { attributes: { axis: { int: 0 } } });
  const width = front === 0 ? item(1) : lowering.emit('Add', [item(1), lowering.integers([front])]);
  const whole = lowering.emit('Concat', [item(0), width, lowering.integers([labels])], {
    attributes: { axis: { int: 0 } },
  });
  const all = lowering.emit('Reshape', [from, whole]);
  const rest = [[front], [Number.MAX_SAFE_INTEGER], [1]].map((value) => lowering.integers(value));
  lowering.emit('Slice', [all, ...rest], { to: ['logits'] });
  return { name: 'logits', dtype: 'float32', shape: ['batch', isAnswer ? 'decoder_sequence' : 'sequence', labels] };
}

function card(tuned: TunedModel, setup: Setup, longest: number): string {
  const inputs = [
    'input_ids',
    'attention_mask (1 for a token, 0 for padding, which stands at the end of a row)',
    ...(setup.architecture.tokenTypes ? ['token_type_ids'] : []),
    ...(decoderSource(setup) === 'answer' ? ['decoder_input_ids'] : []),
  ];
  const merged = setup.method === null && tuned.setup.added.size > 0;
  const notes = [
    `${graphFile} is the tuned network for onnxruntime, its weights in ${dataFile} beside it. It takes int64 ${inputs.join(', ')}, each [batch, sequence] of any size up to ${String(longest - frontTokens(setup))} tokens a row, and gives float32 logits${askedOf(setup) === 'all' ? ' for every token' : ', one row a text'}.`,
    merged ? 'What was learned is added into its weights.' : 'What was learned is part of its graph.',
    ...(setup.virtualTokens > 0 && frontTokens(setup) === 0
      ? ['Ids below 0 are learned tokens: −1 is the first. They stand where the template has `virtual`.']
      : []),
    'Some of its nodes are onnxruntime’s own (domain com.microsoft). It keeps no cache: a text is continued by asking for the whole of it again.',
  ];
  return `${modelCard({ ...tuned, rows: { labels: tuned.labels } })}\n${notes.join('\n\n')}\n`;
}

/** The saved rows through the file alone and through the run's own network: the same logits. Errors: `export.mismatch`. */
export async function replayOnnx(
  saved: readonly Prediction[],
  { tuned, folder, watch }: { readonly tuned: TunedModel; readonly folder: string; readonly watch: Watch },
): Promise<Replay> {
  const { setup, base, weights } = tuned;
  const rows = (await rowsOf(saved, tuned)).parts.test.rows;
  const machine = new Machine({ runtime: await Runtime.open(), device: 'cpu', threads: 1, setup, base, weights });
  const file = await openOnnxFile(join(folder, graphFile));
  try {
    let matched = 0;
    let largestDifference = 0;
    for (const [index, row] of rows.entries()) {
      watch(index, rows.length);
      const [own = new Float32Array()] = await machine.logits([row]);
      const other = await logitsOf(file, row, setup);
      const difference = own.reduce((most, value, at) => Math.max(most, Math.abs(value - (other[at] ?? NaN))), 0);
      const limit = logitTolerance * Math.max(1, ...own.map(Math.abs));
      if (own.length !== other.length || !(difference <= limit))
        throw new StudioError('export.mismatch', { matched, of: rows.length, row: saved[index]?.row ?? index + 1 });
      matched += 1;
      largestDifference = Math.max(largestDifference, difference);
    }
    return { matched, of: rows.length, largestDifference };
  } finally {
    await file.dispose();
    await machine.release();
  }
}

/** What the file says at a row's answers. */
async function logitsOf(file: OnnxFile, row: TokenRow, setup: Setup): Promise<Float32Array> {
  const candidates = row.choices ?? [row];
  const found: Float32Array[] = [];
  for (const candidate of candidates) {
    const own = setup.virtualTokens === 0 ? withoutVirtualTokens(candidate) : candidate;
    const logits = (await file.run(feedsOf(own))).get('logits');
    const width = logits?.shape.at(-1) ?? 1;
    const values = floatData(logits);
    if (askedOf(setup) === 'one a row') found.push(values);
    else for (const { position } of own.answers) found.push(values.slice(position * width, (position + 1) * width));
  }
  return Float32Array.from(found.flatMap((part) => [...part]));
}

function feedsOf({ ids, types, decoder }: TokenRow): ReadonlyMap<string, HostTensor> {
  const row = (values: readonly number[]): HostTensor => longs([1, values.length], values);
  return new Map([
    ['input_ids', row(ids)],
    ['attention_mask', row(ids.map(() => 1))],
    ['token_type_ids', row(types ?? ids.map(() => 0))],
    ...(decoder ? [['decoder_input_ids', row(decoder)] as const] : []),
  ]);
}
