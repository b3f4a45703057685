/** GGUF files: every element type to ggml's own bits, models equal to their Hugging Face twins, wrong files refused. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dequantise } from '../../../engine/checkpoint/dequantise.ts';
import { openGguf } from '../../../engine/checkpoint/gguf.ts';
import { openModel } from '../../../engine/checkpoint/model-folder.ts';
import { StudioError } from '../../../engine/spec/errors.ts';
import { ggufBytes } from './gguf-bytes.ts';
import { readPlain } from './plain-reader.ts';

const shared = join(import.meta.dirname, '../../../../shared');
const extra = join(shared, 'golden-extra/gguf');
const smollm = join(shared, 'models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atelier-gguf-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function refusal(path: string): Promise<unknown> {
  const started = performance.now();
  const memory = process.memoryUsage.rss();
  try {
    const file = await openGguf(path);
    await file.close();
    return 'accepted';
  } catch (thrown) {
    if (!(thrown instanceof StudioError)) throw thrown;
    expect(performance.now() - started).toBeLessThan(2000);
    expect(process.memoryUsage.rss() - memory).toBeLessThan(50e6);
    return thrown.code;
  }
}

describe('element types', () => {
  const types = readdirSync(join(extra, 'types')).filter((name) => name.endsWith('.gguf'));
  test.each(types)('%s', async (name) => {
    const plain = readPlain(join(extra, 'types', name.replace('.gguf', '.safetensors')));
    const file = await openGguf(join(extra, 'types', name));
    const [golden = ''] = plain.names;
    expect(file.tensors.get('golden.weight')).toMatchObject({ dtype: name.replace('.gguf', ''), shape: [64, 256] });
    expect(Array.from(await file.read('golden.weight'))).toEqual(plain.values(golden));
    await file.close();
  });

  // Blocks that gguf-py 0.19 quantised from random numbers, and what it reads back from them.
  test('MXFP4: a power of two and points of four bits', () => {
    const block = Buffer.from('78e5b8abeeab14cef599cc052535d5cec0', 'hex');
    expect(Array.from(dequantise('MXFP4', new Uint8Array(block), 32) ?? [], (value) => value * 256)).toEqual([
      6, 0, -3, -8, -3, 4, -8, 6, -1, -4, 6, 6, 6, 6, -8, 0, -8, -3, -2, -8, -2, 1, -4, -12, -1, -4, 0, 2, 3, -6, -4,
      -4,
    ]);
  });

  test.each([
    {
      type: 'TQ1_0',
      scale: 0.99267578125,
      block:
        '5fafd3028daf48b9e39c76a78989677bc9ff7ccf1b297f12447696e0807d7c1741eecc0e919da980aabd5f5c8300188b697c' +
        '627ff13b',
      signs:
        '0++-0+-++0000000++0+--0--00+000---0-0-+-0+0+00-00+00-00-+0+0000-0-0-+-00+0-+++0--+0-+0000--+000+-0--' +
        '+000+00000++-+-++-0+-0+00--0-0+000+0+00+000+0+-00+-+000+00---++-00000+000--0++0-+++0+---0--0-0-0-0+0' +
        '+00-0-+++-00-0+0++-++-000-00++00++--0-0+0000-0-0+000--00',
    },
    {
      type: 'TQ2_0',
      scale: 0.998046875,
      block:
        '244a1121a846046848485a5565426988a506150590991696056564a90a54410958655692665a51569199555496645611a556' +
        '682154968552a552515912555985fc3b',
      signs:
        '-+00-+----+00+0-0+00-0++00-0+-000+--+00++++00-++0000-+00000++0-++-0++--+--00+-+-+-0-0000-+++-0---0--' +
        '+0-00000000++---++-+-00+-00--0++++0+000-+-+00+-0-+0+0+00+000+00-0+-0-+00000-00+-000-0--+-0+00+00+000' +
        '00000+00+0++00-0+000000-000+0000++00+00-+00-0++0+000-00+',
    },
  ])('$type: a scale and −1, 0 or 1 for each value', ({ type, scale, block, signs }) => {
    const values = dequantise(type, new Uint8Array(Buffer.from(block, 'hex')), 256) ?? [];
    const size = { '-': -scale, '0': 0, '+': scale };
    expect(Array.from(values, (value) => value + 0)).toEqual(
      Array.from(signs, (sign) => size[sign as keyof typeof size]),
    );
  });

  test('metadata of all kinds', async () => {
    const file = await openGguf(join(extra, 'types/F32.gguf'));
    expect(Object.fromEntries([...file.keys].filter(([key]) => key.startsWith('golden.')))).toEqual({
      'golden.u32': 7,
      'golden.f32': 0.5,
      'golden.bool': true,
      'golden.strings': ['a', 'ü', '東'],
      'golden.ints': [1, -2, 3],
    });
    await file.close();
  });
});

interface Twin {
  readonly id: string;
  readonly file: string;
  readonly hf_twin: string;
  readonly names: Readonly<Record<string, unknown>>;
  readonly tokenisation: readonly { readonly text: string; readonly ids: readonly number[] }[];
}
const { models } = JSON.parse(readFileSync(join(extra, 'index.json'), 'utf8')) as { models: Twin[] };

describe('models', () => {
  test.each(models)('$id is its Hugging Face twin: names, shapes, values, sizes, ids', async (golden) => {
    const twin = join(extra, 'models', golden.hf_twin);
    const plain = readPlain(join(twin, 'model.safetensors'));
    const model = await openModel(join(extra, 'models', golden.file));
    const names = [...model.weights.names()];
    expect(names.toSorted()).toEqual(Object.keys(golden.names).sort());
    for (const name of names) {
      expect(model.weights.entry(name)?.shape, name).toEqual(plain.shape(name));
      expect(Array.from(await model.weights.read(name)), name).toEqual(plain.values(name));
    }
    const config = JSON.parse(await readFile(join(twin, 'config.json'), 'utf8')) as Record<string, unknown>;
    const told = Object.keys(model.config).filter((key) => key in config && key !== 'rope_scaling');
    expect(Object.fromEntries(told.map((key) => [key, model.config[key]]))).toEqual(
      Object.fromEntries(told.map((key) => [key, config[key]])),
    );
    expect(told).toEqual(expect.arrayContaining(['hidden_size', 'num_key_value_heads', 'rms_norm_eps', 'vocab_size']));
    for (const { text, ids } of golden.tokenisation) {
      expect((await model.tokenizer.encode(text, { addSpecialTokens: false })).ids).toEqual(ids);
    }
    await model.close();
  });

  test('stored bytes may be mapped only where they are the tensor', async () => {
    const model = await openModel(join(extra, 'models/llama-f32.gguf'));
    const stored = [...model.weights.names()].filter((name) => model.weights.entry(name)?.asStored === false);
    expect(stored.sort()).toEqual(
      [0, 1].flatMap((layer) => ['k', 'q'].map((part) => `model.layers.${layer}.self_attn.${part}_proj.weight`)),
    );
    const entry = model.weights.entry('model.norm.weight');
    const bytes = (await readFile(entry?.file ?? '')).subarray(
      entry?.offset,
      (entry?.offset ?? 0) + (entry?.bytes ?? 0),
    );
    const mapped = new Float32Array(new Uint8Array(bytes).buffer);
    expect(mapped).toEqual(await model.weights.read('model.norm.weight'));
    await model.close();
  });

  test('SmolLM2: values by the formula of Q4_1 and Q8_0 straight from the bytes', async () => {
    const file = await openGguf(smollm);
    const model = await openModel(smollm);
    const half = (bits: number): number => {
      const size = (1 + (bits & 1023) / 1024) * 2 ** (((bits >> 10) & 31) - 15);
      return bits & 0x8000 ? -size : size;
    };
    const down = Buffer.from(await file.readRaw('blk.7.ffn_down.weight'));
    const downAt = (index: number): number => {
      const block = Math.floor(index / 32) * 20;
      const byte = down.readUInt8(block + 4 + (index % 16));
      const q = index % 32 < 16 ? byte & 15 : byte >> 4;
      return Math.fround(half(down.readUInt16LE(block)) * q + half(down.readUInt16LE(block + 2)));
    };
    const embedding = Buffer.from(await file.readRaw('token_embd.weight'));
    const embeddingAt = (index: number): number => {
      const block = Math.floor(index / 32) * 34;
      return Math.fround(half(embedding.readUInt16LE(block)) * embedding.readInt8(block + 2 + (index % 32)));
    };
    const places = [0, 15, 16, 31, 32, 1535, 1536, 576 * 1536 - 1];
    const read = await model.weights.read('model.layers.7.mlp.down_proj.weight');
    const rows = await model.weights.read('model.embed_tokens.weight');
    expect(places.map((place) => read[place])).toEqual(places.map(downAt));
    expect(places.map((place) => rows[place])).toEqual(places.map(embeddingAt));
    // Row 0, half 1, pair 0 of a head in Hugging Face's order is row 1 of the file's.
    const query = await model.weights.read('model.layers.0.self_attn.q_proj.weight');
    const stored = await file.read('blk.0.attn_q.weight');
    expect(query.slice(32 * 576, 33 * 576)).toEqual(stored.slice(576, 2 * 576));
    await model.close();
    await file.close();
  });

  test('SmolLM2: the config that its metadata means', async () => {
    const model = await openModel(smollm);
    expect(model.config).toEqual({
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      hidden_act: 'silu',
      hidden_size: 576,
      intermediate_size: 1536,
      num_hidden_layers: 30,
      num_attention_heads: 9,
      num_key_value_heads: 3,
      head_dim: 64,
      max_position_embeddings: 8192,
      rms_norm_eps: 1e-5,
      rope_theta: 100000,
      rope_scaling: null,
      vocab_size: 49152,
      tie_word_embeddings: true,
      attention_bias: false,
      mlp_bias: false,
      initializer_range: 0.02,
      bos_token_id: 1,
      eos_token_id: 2,
      pad_token_id: 2,
    });
    await model.close();
  });
});

const tinyKeys = {
  'general.architecture': 'llama',
  'llama.block_count': 1,
  'llama.context_length': 131072,
  'llama.embedding_length': 64,
  'llama.feed_forward_length': 8,
  'llama.attention.head_count': 1,
  'llama.rope.freq_base': 500000,
  'tokenizer.ggml.model': 'gpt2',
  'tokenizer.ggml.pre': 'llama-bpe',
  'tokenizer.ggml.tokens': ['a', 'b', 'ab'],
  'tokenizer.ggml.merges': ['a b'],
};
const tinyEmbedding = { name: 'token_embd.weight', sizes: [64, 3], values: new Float32Array(192) };

describe("Llama 3.1's rotary scaling", () => {
  // As transformers computes it for factor 8, 8192 original positions, frequencies of base 500,000 in heads of 64.
  const divisors = Float32Array.from({ length: 32 }, (_, i) => {
    const wavelength = 2 * Math.PI * 500000 ** (i / 32);
    if (wavelength < 2048) return 1;
    if (wavelength > 8192) return 8;
    const smooth = (8192 / wavelength - 1) / 3;
    return 1 / ((1 - smooth) / 8 + smooth);
  });

  test('comes back from the divisors that the converter stores', async () => {
    const path = join(folder, 'llama3.gguf');
    await writeFile(
      path,
      ggufBytes(tinyKeys, [tinyEmbedding, { name: 'rope_freqs.weight', sizes: [32], values: divisors }]),
    );
    const model = await openModel(path);
    expect({ scaling: model.config['rope_scaling'], names: [...model.weights.names()] }).toEqual({
      scaling: {
        rope_type: 'llama3',
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 8192,
      },
      names: ['model.embed_tokens.weight'],
    });
    await model.close();
  });

  test('divisors of another rule are refused, not ignored', async () => {
    const path = join(folder, 'other-rope.gguf');
    const other = divisors.map((value, i) => value + i / 10);
    await writeFile(
      path,
      ggufBytes(tinyKeys, [tinyEmbedding, { name: 'rope_freqs.weight', sizes: [32], values: other }]),
    );
    await expect(openModel(path)).rejects.toMatchObject({ code: 'model.config', data: { field: 'rope_freqs.weight' } });
  });
});

describe('refusing', () => {
  test('keys that the config needs, by their names', async () => {
    const path = join(folder, 'keys.gguf');
    const fields: unknown[] = [];
    for (const [key, value] of [
      ['llama.block_count', 'two'],
      ['llama.embedding_length', 0.5],
      ['llama.attention.head_count', 3],
    ] as const) {
      await writeFile(path, ggufBytes({ ...tinyKeys, [key]: value }, [tinyEmbedding]));
      fields.push(
        await openModel(path).then(
          () => 'accepted',
          (thrown: StudioError<'model.config'>) => [thrown.code, thrown.data.field],
        ),
      );
    }
    expect(fields).toEqual([
      ['model.config', 'llama.block_count'],
      ['model.config', 'llama.embedding_length'],
      ['model.config', 'llama.attention.head_count'],
    ]);
  });

  test('tensors that share bytes, names given twice, a file without tensors or tokenizer', async () => {
    const path = join(folder, 'layout.gguf');
    const b = { name: 'b', sizes: [8], values: new Float32Array(8) };
    await writeFile(path, ggufBytes({}, [b, { ...b, name: 'c', offset: 0 }]));
    expect(await refusal(path)).toBe('checkpoint.corrupt');
    await writeFile(path, ggufBytes({}, [b, b]));
    expect(await refusal(path)).toBe('checkpoint.corrupt');
    await writeFile(path, ggufBytes(tinyKeys, []));
    await expect(openModel(path)).rejects.toMatchObject({ code: 'model.no-weights' });
    const without = Object.fromEntries(Object.entries(tinyKeys).filter(([key]) => key !== 'tokenizer.ggml.model'));
    await writeFile(path, ggufBytes(without, [tinyEmbedding]));
    await expect(openModel(path)).rejects.toMatchObject({ code: 'model.no-tokenizer' });
  });

  const hostile = join(shared, 'data/hostile/gguf');
  test.each(readdirSync(hostile))('%s', async (name) => {
    expect(await refusal(join(hostile, name))).toBe('checkpoint.corrupt');
  });

  test('a big-endian file is called one', async () => {
    await expect(openGguf(join(hostile, 'big-endian.gguf'))).rejects.toMatchObject({
      data: { reason: 'it is a big-endian file' },
    });
  });

  test('a model cut off at any place', async () => {
    const good = await readFile(join(extra, 'models/llama-q8_0.gguf'));
    const path = join(folder, 'cut.gguf');
    for (const length of [0, 3, 10, 24, 500, 9000, good.length >> 1, good.length - 32]) {
      await writeFile(path, good.subarray(0, length));
      expect(await refusal(path), String(length)).toBe('checkpoint.corrupt');
    }
  });

  test('a type without a formula is refused by name, when the model is opened', async () => {
    const good = await readFile(join(extra, 'models/llama-h256-kmix.gguf'));
    const name = Buffer.from('blk.0.ffn_gate.weight');
    const at = good.indexOf(name) + name.length + 4 + 16;
    expect(good.readUInt32LE(at)).toBe(12);
    // IQ2_XXS: blocks of 256, as Q4_K's, with fewer bytes.
    good.writeUInt32LE(16, at);
    const path = join(folder, 'iq2.gguf');
    await writeFile(path, good);
    await expect(openModel(path)).rejects.toMatchObject({
      code: 'checkpoint.type',
      data: { name: 'blk.0.ffn_gate.weight', type: 'IQ2_XXS' },
    });
  });

  test('an architecture outside the llama family', async () => {
    await expect(openModel(join(extra, 'types/F32.gguf'))).rejects.toMatchObject({
      code: 'model.unknown-architecture',
      data: { architecture: 'none' },
    });
  });
});
