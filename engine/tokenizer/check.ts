/** Checks a tokenizer.json for what the native library would not survive or would never finish. */
import { StudioError } from '../spec/errors.ts';

const largestId = 1 << 24;

/** The ids of its special tokens. Errors: `tokenizer.unsupported`. */
export function checkTokenizerJson(path: string, json: string): { readonly specialIds: ReadonlySet<number> } {
  const refuse = (reason: string): StudioError => new StudioError('tokenizer.unsupported', { path, reason });
  let root: unknown;
  try {
    root = JSON.parse(json);
  } catch {
    throw refuse('it is not JSON');
  }
  if (!isRecord(root) || !isRecord(root['model'])) throw refuse('it has no model');
  for (const part of ['normalizer', 'pre_tokenizer', 'decoder']) {
    for (const pattern of patternsIn(root[part])) {
      if (isExplosive(pattern)) throw refuse(`its pattern ${pattern.slice(0, 80)} can take for ever on some texts`);
    }
  }
  const { vocab } = root['model'];
  const ids = Array.isArray(vocab) ? [vocab.length] : isRecord(vocab) ? Object.values(vocab) : [];
  const specialIds = new Set<number>();
  for (const token of Array.isArray(root['added_tokens']) ? root['added_tokens'] : []) {
    if (!isRecord(token) || typeof token['content'] !== 'string') throw refuse('an added token has no content');
    ids.push(token['id']);
    if (token['special'] === true) specialIds.add(Number(token['id']));
  }
  const wrong = ids.find((id) => !Number.isInteger(id) || Number(id) < 0 || Number(id) >= largestId);
  if (wrong !== undefined) throw refuse(`the token id ${JSON.stringify(wrong)} is not between 0 and ${largestId}`);
  return { specialIds };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function patternsIn(part: unknown): string[] {
  if (Array.isArray(part)) return part.flatMap(patternsIn);
  if (!isRecord(part)) return [];
  const own = typeof part['Regex'] === 'string' ? [part['Regex']] : [];
  return [...own, ...Object.values(part).flatMap(patternsIn)];
}

/**
 * A group repeated without bound that can read the same text in several ways: one that repeats without bound inside, such as
 * `(a+)+`, or whose alternatives begin alike, such as `(a|aa)+`. Exponential in the text.
 */
export function isExplosive(pattern: string): boolean {
  interface Group {
    repeats: boolean;
    /** What its alternatives begin with; null where it may be anything. */
    readonly starts: (string | null)[];
  }
  const open = (at: number): Group => ({ repeats: false, starts: [startAt(pattern, at)] });
  const groups: Group[] = [open(0)];
  let inClass = false;
  for (let i = 0; i < pattern.length; i += 1) {
    const character = pattern[i];
    if (character === '\\') {
      i += 1;
    } else if (inClass) {
      inClass = character !== ']';
    } else if (character === '[') {
      inClass = true;
      if (pattern[i + 1] === '^') i += 1;
      if (pattern[i + 1] === ']') i += 1;
    } else if (character === '(') {
      groups.push(open(i + 1 + (/^\?(?:[a-z-]*:|<?[=!]|>)/i.exec(pattern.slice(i + 1))?.[0].length ?? 0)));
    } else if (character === '|') {
      groups.at(-1)?.starts.push(startAt(pattern, i + 1));
    } else if (character === ')') {
      const closed = groups.pop();
      const ambiguous = closed !== undefined && (closed.repeats || beginAlike(closed.starts));
      if (ambiguous && repeatsAt(pattern, i + 1)) return true;
      const outer = groups.at(-1);
      if (outer && ambiguous) outer.repeats = true;
    } else if (repeatsAt(pattern, i)) {
      const group = groups.at(-1);
      if (group !== undefined) group.repeats = true;
    }
  }
  return false;
}

/** The letter that an alternative begins with; null for anything else. */
function startAt(pattern: string, position: number): string | null {
  return /^[\p{L}\p{N}' ]/u.exec(pattern.slice(position, position + 2))?.[0] ?? null;
}

function beginAlike(starts: readonly (string | null)[]): boolean {
  return starts.length > 1 && (starts.includes(null) || new Set(starts).size < starts.length);
}

function repeatsAt(pattern: string, position: number): boolean {
  return /^(?:[*+]|\{\d*,\})/.test(pattern.slice(position, position + 16));
}
