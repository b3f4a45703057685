/** What is fetched for an id: files of a catalogue entry, or of a Hugging Face repository, safe kinds only. */
import { z } from 'zod';
import { catalogue, catalogueEntry } from '../../engine/spec/catalogue.ts';
import { StudioError } from '../../engine/spec/errors.ts';
import { BrokenConnection, withoutSecrets, type Connector } from './connection.ts';

/** How a file's content is proven: the hub gives SHA-256 for large files and git's blob hash for small ones. */
export interface Digest {
  readonly kind: 'sha256' | 'git-blob';
  /** Lower-case hex. */
  readonly value: string;
}

export interface PlannedFile {
  /** Name inside the model's folder: no separators. */
  readonly name: string;
  /** Address below the endpoint, so that a part can be finished from another one. */
  readonly path: string;
  readonly bytes: number;
  /** Null: the server's own word on the first answer is taken. */
  readonly digest: Digest | null;
}

export interface Plan {
  readonly id: string;
  readonly files: readonly PlannedFile[];
  /** What the engine opens, relative to the model's folder. */
  readonly entry: string;
}

export const defaultEndpoint = 'https://huggingface.co';

const largestListing = 16 * 2 ** 20;
const namePart = /^[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9_-])?$/;
export const fileName = /^[A-Za-z0-9_][\w.+-]{0,200}$/;
const companions = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.txt',
  'vocab.json',
  'merges.txt',
  'tokenizer.model',
  'spiece.model',
  'sentencepiece.bpe.model',
  'chat_template.jinja',
  'chat_template.json',
  'README.md',
  'LICENSE',
  'LICENSE.txt',
  'LICENSE.md',
  'NOTICE',
];
const tokenizerFiles = [
  'tokenizer.json',
  'vocab.txt',
  'vocab.json',
  'tokenizer.model',
  'spiece.model',
  'sentencepiece.bpe.model',
];

/**
 * @param id a catalogue id, `owner/name`, or `owner/name/file.gguf`
 * @throws StudioError `model.missing`, `net.repository`, `net.failed`, `net.offline`
 */
export async function planFor(
  id: string,
  options: { connector: Connector; endpoint: URL; signal: AbortSignal },
): Promise<Plan> {
  const entry = catalogueEntry(id);
  if (entry !== undefined) {
    const { source } = entry;
    if (source === null)
      throw new StudioError('net.repository', {
        repository: id,
        reason: 'it ships inside the app; there is nothing to download',
      });
    return {
      id,
      entry: entry.entry,
      files: entry.files.map((file) => ({
        name: safeName(file.name, id),
        path: resolvePath({ repository: source.repository, revision: source.revision, file: file.name }),
        bytes: file.bytes,
        digest: { kind: 'sha256', value: file.sha256 },
      })),
    };
  }
  const [owner = '', name = '', file] = id.split('/');
  const repository = `${owner}/${name}`;
  const listing = await listRepository(repository, options);
  const chosen = chooseFiles(repository, listing.files, file ?? null);
  return {
    id,
    entry: chosen.entry,
    files: chosen.files.map((item) => ({
      name: item.name,
      path: resolvePath({ repository, revision: listing.commit, file: item.name }),
      bytes: item.bytes,
      digest: item.digest,
    })),
  };
}

/** @throws StudioError `model.missing` for what is no id at all, `net.repository` for a kind of file that is never fetched */
export function checkDownloadId(id: string): void {
  if (isDownloadId(id)) return;
  const [owner = '', name = '', file, ...rest] = id.split('/');
  if (file !== undefined && rest.length === 0 && isName(owner) && isName(name)) {
    throw new StudioError('net.repository', {
      repository: `${owner}/${name}`,
      reason: `${file} is not a GGUF file; only safetensors and GGUF are read`,
    });
  }
  throw new StudioError('model.missing', { model: id, known: catalogue.map(({ id: known }) => known).join(', ') });
}

/** Whether an id can be a folder of ours: a catalogue id, `owner/name` or `owner/name/file.gguf`. */
export function isDownloadId(id: string): boolean {
  const [owner = '', name, file, ...rest] = id.split('/');
  if (name === undefined) return catalogueEntry(id) !== undefined;
  return (
    rest.length === 0 &&
    isName(owner) &&
    isName(name) &&
    (file === undefined || (fileName.test(file) && file.endsWith('.gguf')))
  );
}

/** Where a path of the hub lies below an endpoint, which may itself have a path. */
export function hubUrl(endpoint: URL, path: string): URL {
  return new URL(`${endpoint.href.replace(/\/+$/, '')}/${path}`);
}

function resolvePath({ repository, revision, file }: { repository: string; revision: string; file: string }): string {
  return `${repository}/resolve/${encodeURIComponent(revision)}/${encodeURIComponent(file)}`;
}

export interface ListedFile {
  readonly name: string;
  readonly bytes: number;
  readonly digest: Digest | null;
}

/**
 * Takes the weights and their companions at the top of a repository; never pickles, never code.
 * @throws StudioError `net.repository` when it holds nothing we read
 */
export function chooseFiles(
  repository: string,
  files: readonly ListedFile[],
  wanted: string | null,
): { files: ListedFile[]; entry: string } {
  const refuse = (reason: string): never => {
    throw new StudioError('net.repository', { repository, reason });
  };
  const named = (name: string): ListedFile | undefined => files.find((file) => file.name === name);
  const ggufs = files.filter(({ name }) => name.endsWith('.gguf') && fileName.test(name));
  if (wanted !== null) {
    const file = ggufs.find(({ name }) => name === wanted);
    return file ? { files: [file], entry: file.name } : refuse(`it has no GGUF file named ${wanted}`);
  }
  const weights = weightFiles(files);
  if (weights.length > 0) {
    if (!named('config.json')) return refuse('it has weights but no config.json');
    if (!tokenizerFiles.some(named)) return refuse('it has weights but no tokenizer');
    return { files: [...files.filter(({ name }) => companions.includes(name)), ...weights], entry: '.' };
  }
  const [only, ...others] = ggufs;
  if (only !== undefined && others.length === 0) return { files: [only], entry: only.name };
  if (only !== undefined)
    return refuse(
      `it holds several GGUF files; add one of their names: ${ggufs.map(({ name }) => `${repository}/${name}`).join(', ')}`,
    );
  if (files.some(({ name }) => /\.(bin|pt|pth|ckpt|pkl|pickle)$/.test(name))) {
    return refuse('its weights are pickle files, which can run code when opened; only safetensors and GGUF are read');
  }
  return refuse('it holds neither safetensors nor GGUF weights');
}

function weightFiles(files: readonly ListedFile[]): readonly ListedFile[] {
  const index = files.find(({ name }) => name === 'model.safetensors.index.json');
  const shards = files.filter(({ name }) => /^model-\d{5}-of-\d{5}\.safetensors$/.test(name));
  if (index && shards.length > 0) return [index, ...shards];
  const single = files.find(({ name }) => name === 'model.safetensors');
  return single ? [single] : [];
}

function isName(part: string): boolean {
  return namePart.test(part) && !part.includes('..');
}

function safeName(name: string, id: string): string {
  if (fileName.test(name) && (/\.(safetensors|gguf|safetensors\.index\.json)$/.test(name) || companions.includes(name)))
    return name;
  throw new StudioError('net.repository', {
    repository: id,
    reason: `${name} is not a kind of file the app downloads`,
  });
}

const listingSchema = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  siblings: z.array(
    z.object({
      rfilename: z.string(),
      size: z.int().min(0).nullish(),
      blobId: z.string().nullish(),
      lfs: z.object({ sha256: z.string(), size: z.int().min(0) }).nullish(),
    }),
  ),
});

async function listRepository(
  repository: string,
  { connector, endpoint, signal }: { connector: Connector; endpoint: URL; signal: AbortSignal },
): Promise<{ commit: string; files: ListedFile[] }> {
  const url = hubUrl(endpoint, `api/models/${repository}/revision/main?blobs=true`);
  const fail = (reason: string): never => {
    throw new StudioError('net.failed', { url: withoutSecrets(url), reason });
  };
  const text = await readText(connector, url, signal).catch((error: unknown) =>
    error instanceof BrokenConnection ? fail(error.message) : Promise.reject(error as Error),
  );
  if (text.status === 401 || text.status === 403 || text.status === 404) {
    throw new StudioError('net.repository', {
      repository,
      reason: 'the hub has no such repository, or it is not open to everyone',
    });
  }
  if (text.status !== 200) return fail(`HTTP ${String(text.status)}`);
  const parsed = listingSchema.safeParse(asJson(text.body));
  if (!parsed.success) return fail('its answer is not a list of files');
  return {
    commit: parsed.data.sha,
    files: parsed.data.siblings
      .filter(({ rfilename }) => fileName.test(rfilename))
      .map(({ rfilename, size, lfs, blobId }) => ({
        name: rfilename,
        bytes: lfs?.size ?? size ?? fail(`it gives no size for ${rfilename}`),
        digest: lfs ? digestFrom(lfs.sha256) : digestFrom(blobId ?? ''),
      })),
  };
}

/** Reads a digest from the hub's hex: 64 digits are SHA-256, 40 are git's blob hash; else null. */
export function digestFrom(text: string): Digest | null {
  const hex = text.replace(/^W\//, '').replaceAll('"', '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hex)) return { kind: 'sha256', value: hex };
  if (/^[0-9a-f]{40}$/.test(hex)) return { kind: 'git-blob', value: hex };
  return null;
}

async function readText(
  connector: Connector,
  url: URL,
  signal: AbortSignal,
): Promise<{ status: number; body: string }> {
  const connection = await connector.open(url, { signal, headers: { accept: 'application/json' } });
  if (connection.status !== 200) {
    await connection.close();
    return { status: connection.status, body: '' };
  }
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of connection.read()) {
    bytes += piece.length;
    if (bytes > largestListing)
      throw new StudioError('net.failed', { url: withoutSecrets(url), reason: 'its list of files is too long' });
    pieces.push(piece);
  }
  return { status: 200, body: Buffer.concat(pieces).toString('utf8') };
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
