/** Reads ONNX bytes back with a protobuf reader of its own: shares no code with the writer. */

type Field = readonly [number, bigint | Uint8Array];

/** Fields of a message, in file order. */
function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at];
      if (byte === undefined) throw new RangeError('the message ends inside a number');
      at += 1;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new RangeError('a field is longer than its message');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    switch (tag & 7) {
      case 0:
        fields.push([tag >> 3, varint()]);
        break;
      case 2:
        fields.push([tag >> 3, take(Number(varint()))]);
        break;
      case 5:
        fields.push([tag >> 3, take(4)]);
        break;
      default:
        throw new RangeError(`wire type ${tag & 7}`);
    }
  }
  return fields;
}

class Message {
  readonly #fields: Field[];

  constructor(bytes: Uint8Array) {
    this.#fields = fieldsOf(bytes);
  }

  bytes(field: number): Uint8Array[] {
    return this.#fields.flatMap(([number, value]) => (number === field && value instanceof Uint8Array ? [value] : []));
  }

  messages(field: number): Message[] {
    return this.bytes(field).map((bytes) => new Message(bytes));
  }

  strings(field: number): string[] {
    return this.bytes(field).map((bytes) => new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  }

  text(field: number): string {
    return this.strings(field).at(-1) ?? '';
  }

  integers(field: number): number[] {
    return this.#fields.flatMap(([number, value]) =>
      number === field && typeof value === 'bigint' ? [Number(BigInt.asIntN(64, value))] : [],
    );
  }

  integer(field: number): number {
    return this.integers(field).at(-1) ?? 0;
  }

  float(field: number): number {
    const bytes = this.bytes(field).at(-1);
    return bytes ? new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true) : 0;
  }
}

export type OnnxAttribute = number | string | readonly number[];

export interface OnnxNode {
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxTensor {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
  /** Empty where the bytes lie in another file. */
  readonly raw: Uint8Array;
  readonly external: Readonly<Record<string, string>> | null;
}

export interface OnnxValue {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
}

export interface OnnxModel {
  readonly irVersion: number;
  readonly opsets: Readonly<Record<string, number>>;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** Field numbers of onnx.proto3. */
export function readOnnx(bytes: Uint8Array): OnnxModel {
  const model = new Message(bytes);
  const [graph] = model.messages(7);
  if (!graph) throw new RangeError('the model has no graph');
  return {
    irVersion: model.integer(1),
    opsets: Object.fromEntries(model.messages(8).map((opset) => [opset.text(1), opset.integer(2)])),
    nodes: graph.messages(1).map((node) => ({
      op: node.text(4),
      domain: node.text(7),
      inputs: node.strings(1),
      outputs: node.strings(2),
      attributes: Object.fromEntries(node.messages(5).map((attribute) => [attribute.text(1), valueOf(attribute)])),
    })),
    initializers: graph.messages(5).map((tensor) => ({
      name: tensor.text(8),
      type: tensor.integer(2),
      shape: tensor.integers(1),
      raw: tensor.bytes(9)[0] ?? new Uint8Array(),
      external:
        tensor.integer(14) === 1
          ? Object.fromEntries(tensor.messages(13).map((entry) => [entry.text(1), entry.text(2)]))
          : null,
    })),
    inputs: graph.messages(11).map(infoOf),
    outputs: graph.messages(12).map(infoOf),
  };
}

/** By the attribute's own type field: FLOAT 1, INT 2, STRING 3, INTS 7. */
function valueOf(attribute: Message): OnnxAttribute {
  const type = attribute.integer(20);
  switch (type) {
    case 1:
      return attribute.float(2);
    case 2:
      return attribute.integer(3);
    case 3:
      return attribute.text(4);
    case 7:
      return attribute.integers(8);
    default:
      throw new RangeError(`attribute type ${type}`);
  }
}

function infoOf(info: Message): OnnxValue {
  const tensor = info.messages(2)[0]?.messages(1)[0];
  if (!tensor) throw new RangeError(`${info.text(1)} has no tensor type`);
  return {
    name: info.text(1),
    type: tensor.integer(1),
    shape: tensor.messages(2).flatMap((shape) => shape.messages(1).map((dimension) => dimension.integer(1))),
  };
}
