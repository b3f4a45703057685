/** ONNX messages, field by field (onnx/onnx.proto3, IR version 10): only what our graphs use. */
import type { DType, HostData, Shape } from '../autodiff/graph.ts';
import { ProtobufWriter } from './protobuf.ts';

export const elementType = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
} satisfies Record<DType, number>;

export type AttributeValue =
  | { readonly float: number }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly string: string };

export interface NodeProto {
  readonly opType: string;
  /** '' is ai.onnx. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** Bytes of a weight inside a file: `location` is relative to the folder the session is given. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export interface Initializer {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: HostData | ExternalData;
}

export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A number, or the name of a size that is known when the model runs. */
export type Dimension = number | string;

export interface NamedType {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dimension[];
}

export interface ModelProto {
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly NamedType[];
  readonly outputs: readonly NamedType[];
  /** What readers of the file are told of it. */
  readonly metadata?: Readonly<Record<string, string>>;
}

const irVersion = 10;
const opsets = { '': 21, 'com.microsoft': 1 };

export function encodeModel(model: ModelProto): Uint8Array {
  const graph = new ProtobufWriter();
  for (const node of model.nodes) graph.message(1, encodeNode(node));
  graph.string(2, 'atelier');
  for (const initializer of model.initializers) graph.message(5, encodeTensor(initializer));
  for (const input of model.inputs) graph.message(11, encodeValueInfo(input));
  for (const output of model.outputs) graph.message(12, encodeValueInfo(output));
  const writer = new ProtobufWriter().int(1, irVersion).string(2, 'atelier').message(7, graph);
  for (const [domain, version] of Object.entries(opsets)) {
    writer.message(8, new ProtobufWriter().string(1, domain).int(2, version));
  }
  for (const [key, value] of Object.entries(model.metadata ?? {}))
    writer.message(14, new ProtobufWriter().string(1, key).string(2, value));
  return writer.finish();
}

function encodeNode(node: NodeProto): ProtobufWriter {
  const writer = new ProtobufWriter();
  for (const input of node.inputs) writer.string(1, input);
  for (const output of node.outputs) writer.string(2, output);
  writer.string(4, node.opType);
  for (const [name, value] of Object.entries(node.attributes)) writer.message(5, encodeAttribute(name, value));
  if (node.domain !== '') writer.string(7, node.domain);
  return writer;
}

const attributeType = { float: 1, int: 2, string: 3, ints: 7 };

function encodeAttribute(name: string, value: AttributeValue): ProtobufWriter {
  const writer = new ProtobufWriter().string(1, name);
  if ('float' in value) return writer.float(2, value.float).int(20, attributeType.float);
  if ('int' in value) return writer.int(3, value.int).int(20, attributeType.int);
  if ('string' in value) return writer.string(4, value.string).int(20, attributeType.string);
  for (const item of value.ints) writer.int(8, item);
  return writer.int(20, attributeType.ints);
}

function encodeTensor({ name, dtype, shape, data }: Initializer): ProtobufWriter {
  const writer = new ProtobufWriter();
  for (const dimension of shape) writer.int(1, dimension);
  writer.int(2, elementType[dtype]).string(8, name);
  if (!('location' in data)) return writer.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  for (const [key, value] of Object.entries(data)) {
    writer.message(13, new ProtobufWriter().string(1, key).string(2, String(value)));
  }
  return writer.int(14, 1);
}

function encodeValueInfo({ name, dtype, shape }: NamedType): ProtobufWriter {
  const dimensions = new ProtobufWriter();
  for (const dimension of shape) {
    const writer = new ProtobufWriter();
    dimensions.message(1, typeof dimension === 'number' ? writer.int(1, dimension) : writer.string(2, dimension));
  }
  const tensor = new ProtobufWriter().int(1, elementType[dtype]).message(2, dimensions);
  return new ProtobufWriter().string(1, name).message(2, new ProtobufWriter().message(1, tensor));
}
