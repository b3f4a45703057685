/** Python's pickles as far as a file of tensors needs them: plain values, and tensors named but not made. No code of the file runs. */
import { StudioError } from '../spec/errors.ts';

/** A tensor over a storage of the archive; sizes in elements. */
export interface PickledTensor {
  readonly storage: { readonly type: string; readonly key: string };
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** What Python calls when it loads the file: refused unless it is one of these. */
const builders = new Set([
  'collections.OrderedDict',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_parameter',
]);
const storageTypes = /^torch\.(Float|Half|BFloat16|Double|Long|Int|Short|Char|Byte|Bool)Storage$/;

class Global {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}
const mark = Symbol('mark');
const deepest = 100_000;

/** The value that a pickle of protocol 2 to 4 holds. Errors: `checkpoint.corrupt`, `checkpoint.code`. */
export function readPickle(bytes: Uint8Array, path: string): unknown {
  return new PickleReader(bytes, path).read();
}

export function isPickledTensor(value: unknown): value is PickledTensor {
  return typeof value === 'object' && value !== null && 'storage' in value && 'strides' in value;
}

class PickleReader {
  readonly #view: DataView;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  readonly #bytes: Uint8Array;
  readonly #path: string;
  #at = 0;

  constructor(bytes: Uint8Array, path: string) {
    this.#bytes = bytes;
    this.#path = path;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(): unknown {
    for (;;) {
      const code = this.#byte();
      if (code === 0x2e) return this.#pop(); // STOP
      const operation = operations.get(code);
      if (!operation) throw this.#corrupt(`its pickle has the instruction 0x${code.toString(16)}`);
      operation(this.#machine);
      if (this.#stack.length > deepest) throw this.#corrupt('its pickle is nested too deep');
    }
  }

  readonly #machine: Machine = {
    push: (value) => void this.#stack.push(value),
    pop: () => this.#pop(),
    top: () => this.#stack.at(-1),
    popToMark: () => this.#popToMark(),
    take: (length) => this.#take(length),
    line: () => this.#line(),
    uint: (size) => this.#uint(size),
    int32: () => this.#view.getInt32(this.#advance(4), true),
    double: () => this.#view.getFloat64(this.#advance(8), false),
    remember: (index) => void this.#memo.set(index ?? this.#memo.size, this.#stack.at(-1)),
    recall: (index) => void this.#stack.push(this.#memo.get(index)),
    global: (name) => {
      if (!builders.has(name) && !storageTypes.test(name))
        throw new StudioError('checkpoint.code', { path: this.#path, name });
      return new Global(name);
    },
    corrupt: (reason) => this.#corrupt(reason),
  };

  #pop(): unknown {
    if (this.#stack.length === 0) throw this.#corrupt('its pickle takes more than it gives');
    return this.#stack.pop();
  }

  #popToMark(): unknown[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw this.#corrupt('its pickle lacks a mark');
    const taken = this.#stack.splice(at);
    return taken.slice(1);
  }

  #advance(length: number): number {
    const start = this.#at;
    if (start + length > this.#bytes.length) throw this.#corrupt('its pickle is cut off');
    this.#at += length;
    return start;
  }

  #byte(): number {
    return this.#bytes[this.#advance(1)] ?? 0;
  }

  #uint(size: number): number {
    const start = this.#advance(size);
    let value = 0;
    for (let index = size - 1; index >= 0; index -= 1) value = value * 256 + (this.#bytes[start + index] ?? 0);
    return value;
  }

  #take(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.#corrupt('its pickle is cut off');
    const text = new TextDecoder().decode(this.#bytes.subarray(this.#at, end));
    this.#at = end + 1;
    return text;
  }

  #corrupt(reason: string): StudioError {
    return new StudioError('checkpoint.corrupt', { path: this.#path, reason });
  }
}

interface Machine {
  push(value: unknown): void;
  pop(): unknown;
  top(): unknown;
  popToMark(): unknown[];
  take(length: number): Uint8Array;
  line(): string;
  uint(size: number): number;
  int32(): number;
  double(): number;
  /** Under the next free number unless one is given. */
  remember(index?: number): void;
  recall(index: number): void;
  global(name: string): Global;
  corrupt(reason: string): StudioError;
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** CPython's Lib/pickletools.py, by opcode. */
const operations: ReadonlyMap<number, (machine: Machine) => void> = new Map<number, (machine: Machine) => void>([
  [0x80, (m) => void m.take(1)], // PROTO
  [0x95, (m) => void m.take(8)], // FRAME
  [0x7d, (m) => m.push(new Map())], // EMPTY_DICT
  [0x5d, (m) => m.push([])], // EMPTY_LIST
  [0x29, (m) => m.push([])], // EMPTY_TUPLE
  [0x28, (m) => m.push(mark)], // MARK
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.int32())], // BININT
  [0x4b, (m) => m.push(m.uint(1))], // BININT1
  [0x4d, (m) => m.push(m.uint(2))], // BININT2
  [0x8a, (m) => m.push(longOf(m.take(m.uint(1))))], // LONG1
  [0x47, (m) => m.push(m.double())], // BINFLOAT
  [0x58, (m) => m.push(text(m.take(m.uint(4))))], // BINUNICODE
  [0x8c, (m) => m.push(text(m.take(m.uint(1))))], // SHORT_BINUNICODE
  [0x55, (m) => m.push(text(m.take(m.uint(1))))], // SHORT_BINSTRING
  [0x71, (m) => m.remember(m.uint(1))], // BINPUT
  [0x72, (m) => m.remember(m.uint(4))], // LONG_BINPUT
  [0x94, (m) => m.remember()], // MEMOIZE
  [0x68, (m) => m.recall(m.uint(1))], // BINGET
  [0x6a, (m) => m.recall(m.uint(4))], // LONG_BINGET
  [0x74, (m) => m.push(m.popToMark())], // TUPLE
  [0x85, (m) => m.push([m.pop()])], // TUPLE1
  [0x86, (m) => m.push([m.pop(), m.pop()].reverse())], // TUPLE2
  [0x87, (m) => m.push([m.pop(), m.pop(), m.pop()].reverse())], // TUPLE3
  [0x63, (m) => m.push(m.global(`${m.line()}.${m.line()}`))], // GLOBAL
  [0x93, stackGlobal],
  [0x52, reduce],
  [0x62, (m) => void m.pop()], // BUILD: attributes, which no tensor needs
  [0x51, persistent],
  [0x61, (m) => append(m, [m.pop()])], // APPEND
  [0x65, (m) => append(m, m.popToMark())], // APPENDS
  [0x73, (m) => setItems(m, [m.pop(), m.pop()].reverse())], // SETITEM
  [0x75, (m) => setItems(m, m.popToMark())], // SETITEMS
]);

/** Little-endian, two's complement; sizes are small. */
function longOf(bytes: Uint8Array): number {
  let value = 0n;
  for (let index = bytes.length - 1; index >= 0; index -= 1) value = (value << 8n) | BigInt(bytes[index] ?? 0);
  return Number(BigInt.asIntN(8 * bytes.length, value));
}

function stackGlobal(machine: Machine): void {
  const [name, module] = [machine.pop(), machine.pop()];
  machine.push(machine.global(`${String(module)}.${String(name)}`));
}

/** A storage's persistent id: ('storage', type, key, place, elements). */
function persistent(machine: Machine): void {
  const id = machine.pop();
  const [kind, type, key] = Array.isArray(id) ? (id as unknown[]) : [];
  if (kind !== 'storage' || !(type instanceof Global) || typeof key !== 'string')
    throw machine.corrupt('it refers to something that is not a storage');
  machine.push({ type: type.name, key });
}

function reduce(machine: Machine): void {
  const given = machine.pop();
  const built = machine.pop();
  if (!(built instanceof Global) || !Array.isArray(given))
    throw machine.corrupt('its pickle calls what is no function');
  const args = given as unknown[];
  switch (built.name) {
    case 'collections.OrderedDict':
      machine.push(new Map());
      return;
    case 'torch._utils._rebuild_parameter':
      machine.push(args[0]);
      return;
    case 'torch._utils._rebuild_tensor_v2':
      machine.push({ storage: args[0], offset: args[1], shape: args[2], strides: args[3] });
      return;
    default:
      throw machine.corrupt(`its pickle calls ${built.name}`);
  }
}

function append(machine: Machine, values: readonly unknown[]): void {
  const list = machine.top();
  if (!Array.isArray(list)) throw machine.corrupt('its pickle appends to what is no list');
  list.push(...values);
}

function setItems(machine: Machine, values: readonly unknown[]): void {
  const map = machine.top();
  if (!(map instanceof Map)) throw machine.corrupt('its pickle sets an item of what is no dictionary');
  for (let index = 0; index < values.length; index += 2) map.set(values[index], values[index + 1]);
}
