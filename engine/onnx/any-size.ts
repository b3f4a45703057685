/** A graph for batches of any size as ONNX: numbers that depend on the sizes are computed when the model runs. */
import { check, reachable } from '../autodiff/check.ts';
import type { Graph, HostData, Node, Tensor } from '../autodiff/graph.ts';
import { BugError } from '../spec/errors.ts';
import { Lowering, type SizeField } from './encode.ts';
import { encodeModel, type ExternalData, type Initializer, type NamedType } from './model-proto.ts';
import { evaluate, fit, probedSizes, terms, type Polynomial, type Sizes } from './size-polynomial.ts';

export interface Built {
  readonly graph: Graph;
  readonly output: Tensor;
}

/** Why graphs of several sizes are not one graph: the caller may try others. */
export class SizesError extends Error {
  override readonly name = 'SizesError';
}

export interface AnySizeOptions {
  /** The same forward pass for other sizes. */
  readonly build: (sizes: Sizes) => Built;
  /** The longest row; tables reach that far. */
  readonly longest: number;
  /** Writes the nodes that make the graph's inputs out of the model's, and gives the names of the three sizes. */
  readonly before: (lowering: Lowering) => { readonly inputs: readonly NamedType[]; readonly sizes: readonly string[] };
  /** Makes the model's output of the graph's. */
  readonly after: (lowering: Lowering, from: string) => NamedType;
  readonly weight: (name: string) => ExternalData;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Throws a SizesError. */
export function encodeAnySize(options: AnySizeOptions): Uint8Array {
  const largest: Sizes = [2, options.longest, options.longest];
  const built = options.build(largest);
  check(built.graph);
  const probes = probedSizes.map((sizes) => nodesOf(options.build(sizes)));
  const nodes = nodesOf(built);
  if (probes.some((probe) => probe.length !== nodes.length || probe.some((node, at) => node.op !== nodes[at]?.op)))
    throw new SizesError(`rows of ${String(options.longest)} tokens are computed otherwise than short ones`);
  const place = new Map(nodes.map((node, at) => [node, at]));
  const constants = constantsOf(nodes);
  const result = 'atelier.result';
  const lowering: Lowering = new Lowering(
    // Standard products of matrices, which every build of onnxruntime has.
    'webgpu',
    { [result]: built.output },
    {
      list: (node, field) => sizesIn(node, field).list,
      constant: (tensor) => {
        const at = constants.get(tensor.id);
        if (at === undefined) throw new BugError('a constant belongs to no node');
        const small = probes.map((probe) => probe[at.node]?.inputs[at.input]);
        return variableConstant(tensor, small, { writer, largest });
      },
    },
  );
  const { inputs, sizes } = options.before(lowering);
  const writer = new SizeWriter(lowering, sizes);
  const sizesIn = (node: Node, field: SizeField): { readonly list: string | null } => {
    const at = place.get(node) ?? -1;
    const own = numbersOf(node, field);
    const found = own.map((value, index) =>
      polynomialOf(
        probes.map((probe) => numbersOf(probe[at], field)[index] ?? NaN),
        { value, largest },
      ),
    );
    return { list: found.every(isFixed) ? null : writer.list(found) };
  };
  for (const node of nodes) lowering.lower(node);
  const output = options.after(lowering, result);
  const leaves = lowering.leaves(new Map());
  const initializers: Initializer[] = [...leaves.initializers];
  for (const { name, dtype, shape } of leaves.inputs) {
    const isWeight = built.graph.leaves.some(({ leaf }) => leaf?.kind === 'parameter' && leaf.name === name);
    if (isWeight) initializers.push({ name, dtype, shape, data: options.weight(name) });
  }
  return encodeModel({ nodes: lowering.nodes, initializers, inputs, outputs: [output], metadata: options.metadata });
}

function nodesOf({ graph, output }: Built): readonly Node[] {
  return reachable(graph, [output]);
}

/** Where each constant is used first. */
function constantsOf(nodes: readonly Node[]): ReadonlyMap<number, { readonly node: number; readonly input: number }> {
  const found = new Map<number, { node: number; input: number }>();
  nodes.forEach(({ inputs }, node) => {
    inputs.forEach((tensor, input) => {
      if (tensor.leaf?.kind === 'constant' && !found.has(tensor.id)) found.set(tensor.id, { node, input });
    });
  });
  return found;
}

function numbersOf(node: Node | undefined, field: SizeField): readonly number[] {
  const value = (node?.attributes as Readonly<Partial<Record<SizeField, number | readonly number[]>>>)[field];
  return value === undefined ? [] : typeof value === 'number' ? [value] : value;
}

function polynomialOf(
  values: readonly number[],
  { value, largest }: { readonly value: number; readonly largest: Sizes },
): Polynomial {
  const found = fit(values);
  if (found === null || evaluate(found, largest) !== value)
    throw new SizesError(`the numbers ${values.join(', ')}, ${String(value)} follow no rule of the sizes`);
  return found;
}

function isFixed(polynomial: Polynomial): boolean {
  return polynomial.slice(1).every((coefficient) => coefficient === 0);
}

/** Writes polynomials as nodes, each once. */
class SizeWriter {
  readonly lowering: Lowering;
  readonly #sizes: readonly string[];
  readonly #known = new Map<string, string>();

  constructor(lowering: Lowering, sizes: readonly string[]) {
    this.lowering = lowering;
    this.#sizes = sizes;
  }

  /** int64 [n]. */
  list(polynomials: readonly Polynomial[]): string {
    return this.#once(polynomials.map((one) => one.join()).join(';'), () => {
      const parts = polynomials.map((one) => this.number(one));
      return parts.length === 1
        ? (parts[0] ?? '')
        : this.lowering.emit('Concat', parts, { attributes: { axis: { int: 0 } } });
    });
  }

  /** int64 [1]. */
  number(polynomial: Polynomial): string {
    return this.#once(polynomial.join(), () => {
      const parts = terms(polynomial).map(({ times, powers }) => this.#term(times, powers));
      const [first = this.lowering.integers([0]), ...rest] = parts;
      return rest.reduce((sum, part) => this.lowering.emit('Add', [sum, part]), first);
    });
  }

  #term(times: number, powers: Sizes): string {
    const factors = powers.flatMap((power, at) => new Array<string>(power).fill(this.#sizes[at] ?? ''));
    const all = times === 1 && factors.length > 0 ? factors : [this.lowering.integers([times]), ...factors];
    const [first = '', ...rest] = all;
    return rest.reduce(
      (product, factor) => this.#once(`${product}*${factor}`, () => this.lowering.emit('Mul', [product, factor])),
      first,
    );
  }

  #once(key: string, make: () => string): string {
    const known = this.#known.get(key) ?? make();
    this.#known.set(key, known);
    return known;
  }
}

interface VariableAt {
  readonly writer: SizeWriter;
  readonly largest: Sizes;
}

/** What stands for a constant that differs with the sizes; null: it does not, or it is a table that reaches far enough. */
function variableConstant(
  whole: Tensor,
  small: readonly (Tensor | undefined)[],
  { writer, largest }: VariableAt,
): string | null {
  const shapes = small.map((tensor) => tensor?.shape ?? []);
  const dimensions = whole.shape.map((value, axis) => {
    const values = shapes.map((shape) => shape[axis] ?? NaN);
    return values.every((one) => one === values[0]) ? null : polynomialOf(values, { value, largest });
  });
  const moving = dimensions.flatMap((dimension, axis) => (dimension === null ? [] : [{ dimension, axis }]));
  const data = dataOf(whole);
  const parts = small.map((tensor) => dataOf(tensor));
  const [first, second] = moving;
  if (first === undefined) return beginsAlike(data, parts);
  if (second === undefined && whole.shape.length === 1)
    return partOfLine(whole, parts, { writer, length: first.dimension });
  if (second && whole.shape.length >= 2 && first.axis === whole.shape.length - 2 && second.axis === first.axis + 1)
    return byDistance(whole, small, { writer, rows: first.dimension, columns: second.dimension });
  throw new SizesError(`a constant [${whole.shape.join(', ')}] follows no rule of the sizes`);
}

function dataOf(tensor: Tensor | undefined): HostData {
  if (tensor?.leaf?.kind !== 'constant') throw new SizesError('a constant is none for other sizes');
  return tensor.leaf.data;
}

/** A table whose first rows are all that shorter rows look up. */
function beginsAlike(whole: HostData, parts: readonly HostData[]): null {
  if (parts.every((part) => part.every((value, at) => value === whole[at]))) return null;
  throw new SizesError('a table differs with the sizes');
}

/** The beginning of a list, or its middle. */
function partOfLine(
  whole: Tensor,
  parts: readonly HostData[],
  { writer, length }: { readonly writer: SizeWriter; readonly length: Polynomial },
): string {
  const data = dataOf(whole);
  const startsAt = (offset: (size: number) => number): boolean =>
    parts.every((part) => part.every((value, at) => value === data[offset(part.length) + at]));
  const { lowering } = writer;
  const table = lowering.constant(data, whole.dtype, whole.shape);
  const count = writer.number(length);
  const cut = (start: string): string =>
    lowering.emit('Slice', [table, start, lowering.emit('Add', [start, count]), lowering.integers([0])]);
  if (startsAt(() => 0)) return cut(lowering.integers([0]));
  if (!startsAt((size) => (data.length - size) / 2)) throw new SizesError('a list differs with the sizes');
  const rest = lowering.emit('Sub', [lowering.integers([data.length]), count]);
  return cut(lowering.emit('Div', [rest, lowering.integers([2])]));
}

/** A matrix whose numbers depend on column − row alone: looked up in a line of them. */
function byDistance(
  whole: Tensor,
  small: readonly (Tensor | undefined)[],
  { writer, rows, columns }: { readonly writer: SizeWriter; readonly rows: Polynomial; readonly columns: Polynomial },
): string {
  const [height = 1, width = 1] = whole.shape.slice(-2);
  const data = dataOf(whole);
  if (data.length !== height * width) throw new SizesError('a constant has more than one matrix');
  const line = data.slice(0, height + width - 1);
  for (let distance = 1 - height; distance < width; distance += 1) {
    const row = distance < 0 ? -distance : 0;
    line[distance + height - 1] = data[row * width + distance + row] as never;
  }
  for (const tensor of [whole, ...small]) {
    const [, own = 1] = tensor?.shape.slice(-2) ?? [];
    const follows = dataOf(tensor).every((value, at) => {
      const row = Math.floor(at / own);
      return value === line[(at % own) - row + height - 1];
    });
    if (!follows) throw new SizesError('a matrix depends on more than the distance');
  }
  const { lowering } = writer;
  const range = (count: Polynomial): string => lowering.range(writer.number(count));
  const column = range(columns);
  const row = lowering.emit('Unsqueeze', [range(rows), lowering.integers([1])]);
  const distances = lowering.emit('Add', [lowering.emit('Sub', [column, row]), lowering.integers([height - 1])]);
  const table = lowering.constant(line, whole.dtype, [line.length]);
  const matrix = lowering.emit('Gather', [table, distances], { attributes: { axis: { int: 0 } } });
  const before = whole.shape.slice(0, -2).map((_, axis) => axis);
  return before.length === 0 ? matrix : lowering.emit('Unsqueeze', [matrix, lowering.integers(before)]);
}
