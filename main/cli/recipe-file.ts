/** Reading a recipe from a file or standard input, with the line of a mistake in its JSON. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StudioError } from '../../engine/spec/errors.ts';
import { parseRecipe, type RecipeOutline } from '../../engine/spec/recipe.ts';
import { readInput } from './input.ts';

export interface RecipeFile {
  /** As the user wrote it. */
  readonly recipe: unknown;
  /** Where its relative paths start. */
  readonly folder: string;
  readonly outline: RecipeOutline;
}

/** @param path a file, or `-` for standard input, whose paths start at the working folder. */
export async function readRecipe(path: string, signal: AbortSignal): Promise<RecipeFile> {
  const fromInput = path === '-';
  const file = fromInput ? 'standard input' : resolve(path);
  const content = fromInput ? await readInput(signal) : readFileSync(file, 'utf8');
  const recipe = parseJson(content, file);
  return { recipe, folder: fromInput ? process.cwd() : dirname(file), outline: parseRecipe(recipe) };
}

/** @throws StudioError 'recipe.unreadable' with the line where the text stops being JSON. */
export function parseJson(content: string, path: string): unknown {
  const json = content.replace(/^\uFEFF/, '');
  if (json.trim() === '') throw new StudioError('recipe.unreadable', { path, reason: 'it is empty' });
  try {
    return JSON.parse(json) as unknown;
  } catch (thrown) {
    const offset = faultOffset(json);
    const before = json.slice(0, offset).split('\n');
    const found =
      offset >= json.trimEnd().length
        ? 'the text ends too early'
        : `${JSON.stringify(json[offset])} is not expected here`;
    const reason = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}: ${found}`;
    throw new StudioError('recipe.unreadable', { path, reason }, { cause: thrown });
  }
}

const space = /[ \t\n\r]*/y;
// Of a string: all but quote, backslash and control characters, or an escape.
const quoted = String.raw`"(?:[ !#-\[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"`;
const name = new RegExp(quoted, 'uy');
const scalar = new RegExp(String.raw`${quoted}|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+\-]?\d+)?|true|false|null`, 'uy');

class Fault extends Error {
  readonly offset: number;

  constructor(offset: number) {
    super('not JSON');
    this.offset = offset;
  }
}

/** Where a text stops being JSON: the engine under us names a position only now and then. */
function faultOffset(json: string): number {
  try {
    const end = skip(json, valueEnd(json, skip(json, 0)));
    return end;
  } catch (fault) {
    if (fault instanceof Fault) return fault.offset;
    throw fault;
  }
}

function valueEnd(json: string, at: number): number {
  if (json[at] === '{') return listEnd(json, at, '}');
  if (json[at] === '[') return listEnd(json, at, ']');
  return match(json, at, scalar);
}

/** The end of an object or an array that opens at `open`. */
function listEnd(json: string, open: number, close: '}' | ']'): number {
  let at = skip(json, open + 1);
  if (json[at] === close) return at + 1;
  for (;;) {
    if (close === '}') {
      at = skip(json, match(json, at, name));
      if (json[at] !== ':') throw new Fault(at);
      at = skip(json, at + 1);
    }
    at = skip(json, valueEnd(json, at));
    if (json[at] === close) return at + 1;
    if (json[at] !== ',') throw new Fault(at);
    at = skip(json, at + 1);
  }
}

function match(json: string, at: number, token: RegExp): number {
  token.lastIndex = at;
  if (!token.test(json)) throw new Fault(at);
  return token.lastIndex;
}

function skip(json: string, at: number): number {
  space.lastIndex = at;
  space.test(json);
  return space.lastIndex;
}
