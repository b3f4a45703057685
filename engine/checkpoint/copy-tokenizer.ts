/** Puts the tokenizer of a base model into the folder of an adapter or a tuned model. */
import { copyFile, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asOurs } from '../spec/errors.ts';
import type { BaseModel } from './model-folder.ts';
import { openGguf } from './gguf.ts';
import { tokenizerFromGguf } from '../tokenizer/from-gguf.ts';

const tokenizerFiles = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.txt',
  'chat_template.jinja',
];

/** Names of the files written. For a GGUF file they are rebuilt from its metadata. */
export async function copyTokenizerFiles(base: BaseModel, destination: string): Promise<string[]> {
  try {
    await mkdir(destination, { recursive: true });
    return base.format === 'gguf' ? await writeRebuilt(base, destination) : await copyThose(base, destination);
  } catch (thrown) {
    throw asOurs(thrown);
  }
}

async function copyThose(base: BaseModel, destination: string): Promise<string[]> {
  const written: string[] = [];
  for (const name of tokenizerFiles) {
    const source = join(base.path, name);
    if (!(await isFile(source))) continue;
    await copyFile(source, join(destination, name));
    written.push(name);
  }
  return written;
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() === true;
}

async function writeRebuilt(base: BaseModel, destination: string): Promise<string[]> {
  const file = await openGguf(base.path);
  try {
    const { json, settings, chatTemplate } = tokenizerFromGguf(base.path, file.keys);
    const special = Object.fromEntries(Object.entries(settings).filter(([name]) => name.endsWith('_token')));
    const config = chatTemplate === null ? settings : { ...settings, chat_template: chatTemplate };
    const files: Record<string, string> = {
      'tokenizer.json': json,
      'tokenizer_config.json': `${JSON.stringify(config, null, 2)}\n`,
      'special_tokens_map.json': `${JSON.stringify(special, null, 2)}\n`,
      ...(chatTemplate === null ? {} : { 'chat_template.jinja': chatTemplate }),
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(destination, name), text);
    return Object.keys(files);
  } finally {
    await file.close();
  }
}
