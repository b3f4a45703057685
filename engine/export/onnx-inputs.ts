/** What the forward pass is fed, made inside an ONNX graph from what its user has: token ids and which of them count. */
import type { Lowering } from '../onnx/encode.ts';
import { elementType, type NamedType } from '../onnx/model-proto.ts';
import type { Architecture, Head, HeadName, ModelConfig, PositionOptions } from '../models/model.ts';
import { StudioError } from '../spec/errors.ts';
import type { Setup } from '../train/setup.ts';

/** Which hidden states are asked for. */
export type Asked = 'one a row' | 'all';

const pooledHeads: ReadonlySet<HeadName> = new Set<HeadName>(['sequence-classification', 'multiple-choice']);

export function askedOf({ head }: Pick<Setup, 'head'>): Asked {
  return pooledHeads.has(head.name) ? 'one a row' : 'all';
}

/** Rows hold virtual tokens where a template put them, as ids below 0; else they are put in front here. */
export function frontTokens({ method, methodConfig, virtualTokens }: Setup): number {
  return method && methodConfig && method.template(methodConfig) !== null ? 0 : virtualTokens;
}

type DecoderInput = ReturnType<Architecture['decoderInput']>;

export function decoderSource({ architecture, head }: Setup): DecoderInput {
  return architecture.kind === 'encoder-decoder' ? architecture.decoderInput(head.name) : 'none';
}

interface Made {
  readonly inputs: readonly NamedType[];
  /** Names of the sizes, int64 [1] each: rows, tokens a row, tokens a row of the decoder. */
  readonly sizes: readonly [string, string, string];
}

/** Errors: `export.no-place` where the family's positions follow no rule that a graph can hold. */
export function writeInputs(lowering: Lowering, setup: Setup): Made {
  const source = decoderSource(setup);
  const { tokenTypes } = setup.architecture;
  const tokens = (name: string, length: string): NamedType => ({ name, dtype: 'int64', shape: ['batch', length] });
  const inputs = [
    tokens('input_ids', 'sequence'),
    tokens('attention_mask', 'sequence'),
    ...(tokenTypes ? [tokens('token_type_ids', 'sequence')] : []),
    ...(source === 'answer' ? [tokens('decoder_input_ids', 'decoder_sequence')] : []),
  ];
  const writer = new InputWriter(lowering, setup, source);
  return { inputs, sizes: writer.write() };
}

class InputWriter {
  readonly #lowering: Lowering;
  readonly #setup: Setup;
  readonly #source: DecoderInput;
  readonly #front: number;
  readonly #rows: string;
  readonly #own: string;
  readonly #length: string;
  readonly #decoderLength: string;

  constructor(lowering: Lowering, setup: Setup, source: DecoderInput) {
    this.#lowering = lowering;
    this.#setup = setup;
    this.#source = source;
    this.#front = frontTokens(setup);
    const shape = lowering.emit('Shape', ['input_ids']);
    this.#rows = this.#item(shape, 0);
    this.#own = this.#item(shape, 1);
    this.#length = this.#front === 0 ? this.#own : lowering.emit('Add', [this.#own, lowering.integers([this.#front])]);
    this.#decoderLength =
      source === 'answer' ? this.#item(lowering.emit('Shape', ['decoder_input_ids']), 1) : this.#own;
  }

  write(): readonly [string, string, string] {
    const { architecture, virtualTokens, prefixLength, config } = this.#setup;
    const hasDecoder = this.#source !== 'none';
    const mask = this.#before(this.#number(1), { matrix: this.#float('attention_mask'), count: this.#front });
    const words = virtualTokens > 0 ? this.#emit('Max', ['input_ids', this.#integer(0)]) : 'input_ids';
    this.#before(this.#integer(0), { matrix: words, count: this.#front }, 'ids');
    if (architecture.tokenTypes)
      this.#before(this.#integer(0), { matrix: 'token_type_ids', count: this.#front }, 'types');
    const prefix = hasDecoder ? 0 : prefixLength;
    this.#before(this.#number(1), { matrix: mask, count: prefix }, 'mask');
    const embedded = virtualTokens > 0;
    this.#positions('positions', { mask, length: this.#length, options: { before: prefix, embedded } });
    if (virtualTokens > 0) this.#virtual();
    if (hasDecoder) this.#decoder(config);
    this.#asked();
    return [this.#rows, this.#length, this.#decoderLength];
  }

  #emit(opType: string, inputs: readonly string[], to?: string): string {
    return this.#lowering.emit(opType, inputs, to === undefined ? {} : { to: [to] });
  }

  #item(list: string, at: number): string {
    return this.#lowering.emit('Gather', [list, this.#lowering.integers([at])], { attributes: { axis: { int: 0 } } });
  }

  #integer(value: number): string {
    return this.#lowering.constant(BigInt64Array.of(BigInt(value)), 'int64', []);
  }

  #number(value: number): string {
    return this.#lowering.constant(Float32Array.of(value), 'float32', []);
  }

  #cast(name: string, to: 'float32' | 'int64', output?: string): string {
    const attributes = { to: { int: elementType[to] } };
    return this.#lowering.emit('Cast', [name], { attributes, ...(output === undefined ? {} : { to: [output] }) });
  }

  #float(name: string): string {
    return this.#cast(name, 'float32');
  }

  /** [rows, …sizes] as one list. */
  #shape(...sizes: readonly string[]): string {
    return this.#lowering.emit('Concat', sizes, { attributes: { axis: { int: 0 } } });
  }

  /** `count` columns of a number before a matrix. */
  #before(filled: string, { matrix, count }: { readonly matrix: string; readonly count: number }, to?: string): string {
    if (count === 0) return to === undefined ? matrix : this.#emit('Identity', [matrix], to);
    const columns = this.#emit('Expand', [filled, this.#shape(this.#rows, this.#lowering.integers([count]))]);
    return this.#joined([columns, matrix], to);
  }

  #joined(parts: readonly string[], to?: string): string {
    return this.#lowering.emit('Concat', parts, {
      attributes: { axis: { int: 1 } },
      ...(to === undefined ? {} : { to: [to] }),
    });
  }

  /** int64 [1, n]. */
  #counted(length: string): string {
    return this.#emit('Unsqueeze', [this.#lowering.range(length), this.#lowering.integers([0])]);
  }

  #positions(
    to: string,
    at: { readonly mask: string; readonly length: string; readonly options: PositionOptions },
  ): void {
    const rule = positionRule(this.#setup, at.options);
    const shape = this.#shape(this.#rows, at.length);
    if (rule.kind === 'counted') {
      const from = this.#emit('Add', [this.#counted(at.length), this.#integer(rule.first)]);
      this.#emit('Expand', [from, shape], to);
      return;
    }
    const whole = this.#cast(at.mask, 'int64');
    const sum = this.#emit('CumSum', [whole, this.#integer(1)]);
    const kept = this.#emit('Mul', [this.#emit('Add', [sum, this.#integer(rule.more)]), whole]);
    this.#emit('Add', [kept, this.#integer(rule.padding)], to);
  }

  #virtual(): void {
    const shape = this.#shape(this.#rows, this.#length);
    const column = this.#lowering.integers([2]);
    if (this.#front === 0) {
      const places = this.#emit('Sub', [this.#emit('Neg', ['input_ids']), this.#integer(1)]);
      this.#emit('Max', [places, this.#integer(0)], 'virtual');
      const is = this.#float(this.#emit('Less', ['input_ids', this.#integer(0)]));
      this.#emit('Unsqueeze', [is, column], 'virtual.mask');
      return;
    }
    const counted = this.#counted(this.#length);
    const places = this.#emit('Min', [counted, this.#integer(this.#front - 1)]);
    this.#emit('Expand', [places, shape], 'virtual');
    const is = this.#float(this.#emit('Less', [counted, this.#integer(this.#front)]));
    this.#emit('Unsqueeze', [this.#emit('Expand', [is, shape]), column], 'virtual.mask');
  }

  #decoder({ decoderStartTokenId, padTokenId }: ModelConfig): void {
    const { prefixLength } = this.#setup;
    const shape = this.#shape(this.#rows, this.#decoderLength);
    let mask = this.#emit('Expand', [this.#number(1), shape]);
    if (this.#source === 'answer') this.#emit('Identity', ['decoder_input_ids'], 'decoder.ids');
    else {
      const start = this.#integer(decoderStartTokenId ?? padTokenId ?? 0);
      const column = this.#emit('Expand', [start, this.#shape(this.#rows, this.#lowering.integers([1]))]);
      const rest = ['input_ids', ...[[0], [-1], [1]].map((value) => this.#lowering.integers(value))];
      this.#joined([column, this.#emit('Slice', rest)], 'decoder.ids');
      mask = this.#float('attention_mask');
    }
    this.#before(this.#number(1), { matrix: mask, count: prefixLength }, 'decoder.mask');
    const options = { before: prefixLength, embedded: false };
    this.#positions('decoder.positions', { mask, length: this.#decoderLength, options });
  }

  /** Rows of the flattened hidden states. */
  #asked(): void {
    const hasDecoder = this.#source !== 'none';
    const width = hasDecoder ? this.#decoderLength : this.#length;
    if (askedOf(this.#setup) === 'all') {
      this.#lowering.emit('Identity', [this.#lowering.range(this.#emit('Mul', [this.#rows, width]))], { to: ['rows'] });
      return;
    }
    const first = this.#emit('Mul', [this.#lowering.range(this.#rows), width]);
    const rule = pooledRule(this.#setup);
    if (rule === 'first') this.#emit('Identity', [first], 'rows');
    else {
      const counted = this.#counted(this.#own);
      const real = this.#cast(this.#float('attention_mask'), 'int64');
      const last = this.#largest(this.#emit('Mul', [counted, real]));
      const found = rule === 'last' ? last : this.#lastEnd(counted, last);
      const shift = hasDecoder ? 0 : this.#front;
      this.#emit('Add', [first, this.#emit('Add', [found, this.#integer(shift)])], 'rows');
    }
  }

  #largest(matrix: string): string {
    return this.#lowering.emit('ReduceMax', [matrix, this.#lowering.integers([1])], {
      attributes: { keepdims: { int: 0 } },
    });
  }

  /** The last token that ends a text; where there is none, the last of all. */
  #lastEnd(counted: string, last: string): string {
    const end = this.#emit('Equal', ['input_ids', this.#integer(this.#setup.config.eosTokenId ?? -1)]);
    const places = this.#largest(this.#emit('Where', [end, counted, this.#integer(-1)]));
    return this.#emit('Where', [this.#emit('Less', [places, this.#integer(0)]), last, places]);
  }
}

type PositionRule =
  | { readonly kind: 'counted'; readonly first: number }
  /** (how many tokens so far + more) · mask + padding. */
  | { readonly kind: 'tokens'; readonly more: number; readonly padding: number };

const masks: readonly (readonly number[])[] = [
  [1, 1, 1, 1, 1, 1],
  [1, 1, 1, 1, 0, 0],
  [1, 0, 0, 0, 0, 0],
];

/** The rule that a family's positions follow on rows padded at their end. */
function positionRule({ architecture, config }: Setup, options: PositionOptions): PositionRule {
  const of = (mask: readonly number[]): readonly number[] => architecture.positions(config, mask, options);
  const [first = 0] = of([1]);
  const padding = of([1, 0])[1] ?? 0;
  const rules: readonly PositionRule[] = [
    { kind: 'counted', first },
    { kind: 'tokens', more: first - padding - 1, padding },
  ];
  const found = rules.find((rule) => masks.every((mask) => of(mask).join() === followed(rule, mask).join()));
  if (found) return found;
  const reason = 'its positions follow no rule that was tried';
  throw new StudioError('export.no-place', { format: 'ONNX', what: architecture.type, reason });
}

function followed(rule: PositionRule, mask: readonly number[]): readonly number[] {
  if (rule.kind === 'counted') return mask.map((_, at) => rule.first + at);
  let count = 0;
  return mask.map((own) => {
    count += own;
    return (count + rule.more) * own + rule.padding;
  });
}

/** Which token answers for a whole row, as the family pools. */
function pooledRule({ architecture, config }: Setup): 'first' | 'last' | 'end' {
  const end = config.eosTokenId ?? -1;
  const other = end === 7 ? 8 : 7;
  const ids = [other, other, end, other];
  const at = architecture.pooled(config, ids);
  return at === 0 ? 'first' : at === 2 ? 'end' : 'last';
}

/** The sizes that the forward pass is built for. */
export function answersOf(setup: Setup & { readonly head: Head }, sizes: readonly [number, number, number]): number {
  const [batch, length, decoderLength] = sizes;
  if (askedOf(setup) === 'one a row') return batch;
  return batch * (decoderSource(setup) === 'none' ? length : decoderLength);
}
