/** What a process that died is reported as: out of memory where that can be told, else a crash with its last words. */
import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { StudioError } from '../../engine/spec/errors.ts';
import type { ExitNotice } from './process.ts';

/** Windows' STATUS_NO_MEMORY and STATUS_COMMITMENT_LIMIT, as exit codes. */
const windowsMemoryCodes: readonly number[] = [0xc0000017, 0xc000012d];
const memoryWords =
  /bad_alloc|heap out of memory|Failed to allocate memory|Array buffer allocation failed|Cannot allocate memory/i;
const traceLine = /^(\s*\d+: |-----|\s+at |Node\.js v|<---)/;

/** How often the kernel has ended a process for lack of memory since it started; null where it does not say. */
export function memoryKills(): number | null {
  try {
    const count = /^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1];
    return count === undefined ? null : Number(count);
  } catch {
    return null;
  }
}

/** The end of what a process wrote, short enough to keep. */
export class LastWords {
  #text = '';

  add(text: string): void {
    this.#text = (this.#text + text).slice(-16_384);
  }

  get all(): string {
    return this.#text;
  }

  /** The last line that says something: frames of a stack trace do not. */
  get line(): string {
    const lines = this.#text.split('\n').filter((line) => line.trim() !== '' && !traceLine.test(line));
    return lines.at(-1)?.trim().slice(0, 500) ?? '';
  }
}

export interface Death {
  readonly notice: ExitNotice;
  readonly words: LastWords;
  /** `memoryKills()` from when the process was started. */
  readonly killsBefore: number | null;
}

export function crashError({ notice, words, killsBefore }: Death): StudioError {
  const { code, signal } = notice;
  const kills = memoryKills();
  // Electron tells a signal as its number.
  const wasKilled = signal === 'SIGKILL' || code === 9;
  const killedForMemory = wasKilled && kills !== null && killsBefore !== null && kills > killsBefore;
  if (killedForMemory || memoryWords.test(words.all) || (code !== null && windowsMemoryCodes.includes(code))) {
    return new StudioError('memory.exhausted', { neededBytes: 0, freeBytes: freemem() });
  }
  return new StudioError('engine.crashed', {
    signal: signal ?? `exit ${String(code ?? 'unknown')}`,
    lastLine: words.line,
  });
}
