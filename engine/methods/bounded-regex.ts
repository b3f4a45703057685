/** Regular expressions that come from files, matched under a time limit: a catastrophic one ends in a sentence, not in a hang. */
import { runInNewContext } from 'node:vm';
import { StudioError } from '../spec/errors.ts';

/**
 * All names of a model together take well under a millisecond, and a crowded machine a thousand times as long; V8
 * interrupts a backtracking match when this is over.
 */
const limitMilliseconds = 2000;

/** Runs in a context of its own, so that its timer stops nothing else. */
const program = 'const expression = new RegExp(source, flags); texts.map((text) => expression.exec(text))';

/**
 * Python's `re.match` of a pattern on each text: what it and its groups found, or null. With `whole`, `re.fullmatch`.
 * Errors: `pattern.failed`.
 */
export function boundedMatches(
  pattern: string,
  texts: readonly string[],
  { whole = false } = {},
): readonly (readonly (string | undefined)[] | null)[] {
  const { source, flags } = fromPython(pattern);
  const context = { source: whole ? `^(?:${source})$` : `^(?:${source})`, flags, texts: [...texts] };
  try {
    const found = runInNewContext(program, context, { timeout: limitMilliseconds }) as (readonly string[] | null)[];
    return found.map((match) => match && [...match]);
  } catch (cause) {
    const slow =
      typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
    throw new StudioError('pattern.failed', { pattern, problem: slow ? 'slow' : 'syntax' }, { cause });
  }
}

/** The same expression in JavaScript's spelling: names of groups, ends of the text, and flags in front. */
function fromPython(pattern: string): { readonly source: string; readonly flags: string } {
  const front = /^\(\?([aimsux]+)\)/.exec(pattern);
  const flags = [...(front?.[1] ?? '')].filter((flag) => 'ims'.includes(flag)).join('');
  const source = pattern
    .slice(front?.[0].length ?? 0)
    .replaceAll('(?P<', '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replace(/((?:^|[^\\])(?:\\\\)*)\\A/g, '$1^')
    .replace(/((?:^|[^\\])(?:\\\\)*)\\Z/g, '$1$');
  return { source, flags };
}
