/** Reads the tokenizer of a Hugging Face model folder: tokenizer.json and the settings beside it. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StudioError, asOurs } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import { createTokenizer, type SpecialName, type Tokenizer, type TokenizerSettings } from './tokenizer.ts';

const largestFile = 256 * 2 ** 20;
const specialNames: readonly SpecialName[] = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'];

type Fields = Readonly<Record<string, Json>>;

export interface LoadedTokenizer {
  readonly tokenizer: Tokenizer;
  readonly chatTemplate: string | null;
}

/** Errors: `model.no-tokenizer`, `tokenizer.unsupported`, `file.unreadable`. */
export async function loadTokenizer(folder: string): Promise<LoadedTokenizer> {
  const path = join(folder, 'tokenizer.json');
  const text = await readIfThere(path);
  if (text === null) throw new StudioError('model.no-tokenizer', { path: folder });
  const config = await fieldsOf(join(folder, 'tokenizer_config.json'));
  const map = await fieldsOf(join(folder, 'special_tokens_map.json'));
  const template = await readIfThere(join(folder, 'chat_template.jinja'));
  const tokenizer = createTokenizer(path, applyConfig(path, text, config), settingsOf(config, map));
  return { tokenizer, chatTemplate: template ?? templateIn(config) };
}

/** The settings in tokenizer_config.json, filled up from special_tokens_map.json. */
export function settingsOf(config: Fields, map: Fields = {}): TokenizerSettings {
  const special: Partial<Record<SpecialName, string>> = {};
  for (const name of specialNames) {
    const token = tokenText(config[`${name}_token`]) ?? tokenText(map[`${name}_token`]);
    if (token !== null) special[name] = token;
  }
  const longest = config['model_max_length'];
  return {
    special,
    paddingSide: config['padding_side'] === 'left' ? 'left' : 'right',
    truncationSide: config['truncation_side'] === 'left' ? 'left' : 'right',
    // Transformers writes 1e30 for "no limit".
    modelMaxLength: typeof longest === 'number' && longest >= 1 && longest < 1e9 ? longest : null,
    cleanUpSpaces: config['clean_up_tokenization_spaces'] === true,
  };
}

function tokenText(value: Json | undefined): string | null {
  if (typeof value === 'string') return value;
  const content = isFields(value) ? value['content'] : undefined;
  return typeof content === 'string' ? content : null;
}

function templateIn(config: Fields): string | null {
  const template = config['chat_template'];
  if (typeof template === 'string') return template;
  if (!Array.isArray(template)) return null;
  const named = (template as readonly Json[]).filter(isFields);
  const chosen = named.find((item) => item['name'] === 'default') ?? named[0];
  return typeof chosen?.['template'] === 'string' ? chosen['template'] : null;
}

/** Transformers lets a BERT tokenizer's settings overrule the normalizer in tokenizer.json. */
function applyConfig(path: string, text: string, config: Fields): string {
  const kind = config['tokenizer_class'];
  if (typeof kind !== 'string' || !/^(?:Bert|DistilBert|Electra|MobileBert)Tokenizer(?:Fast)?$/.test(kind)) return text;
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (cause) {
    throw new StudioError('tokenizer.unsupported', { path, reason: 'it is not JSON' }, { cause });
  }
  const normalizer = isFields(root as Json) ? (root as Fields)['normalizer'] : undefined;
  if (!isFields(normalizer) || normalizer['type'] !== 'BertNormalizer') return text;
  const wished: Record<string, Json> = {};
  if (typeof config['do_lower_case'] === 'boolean') wished['lowercase'] = config['do_lower_case'];
  if (config['strip_accents'] !== undefined) wished['strip_accents'] = config['strip_accents'];
  if (typeof config['tokenize_chinese_chars'] === 'boolean') {
    wished['handle_chinese_chars'] = config['tokenize_chinese_chars'];
  }
  if (Object.entries(wished).every(([key, value]) => normalizer[key] === value)) return text;
  return JSON.stringify({ ...(root as Fields), normalizer: { ...normalizer, ...wished } });
}

function isFields(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function fieldsOf(path: string): Promise<Fields> {
  const text = await readIfThere(path);
  if (text === null) return {};
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    throw new StudioError('tokenizer.unsupported', { path, reason: 'it is not JSON' }, { cause });
  }
  if (!isFields(value)) throw new StudioError('tokenizer.unsupported', { path, reason: 'it is not a JSON object' });
  return value;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    const { size } = await stat(path);
    if (size > largestFile) throw new StudioError('tokenizer.unsupported', { path, reason: `it has ${size} bytes` });
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return null;
    throw asOurs(thrown);
  }
}
