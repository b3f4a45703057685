/** Where the shared data sets lie, and a folder of its own for each test that writes files. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';
import type { DataRequest } from '../../../engine/spec/commands.ts';

export const shared = resolve(import.meta.dirname, '../../../../shared/data');

export interface Expectation {
  readonly file: string;
  readonly outcome: 'accept' | 'ask' | 'refuse';
  readonly also_ok?: string;
  readonly rows?: number | readonly number[] | Readonly<Record<string, number>>;
  readonly rows_good?: number;
  /** Texts that must be read. */
  readonly contains?: readonly string[];
  readonly columns?: readonly string[];
  readonly columns_count?: number;
  readonly encoding?: string;
  readonly delimiter?: string;
  readonly findings?: readonly ExpectedFinding[];
  readonly check?: { readonly row?: number; readonly contains?: string; readonly id?: string };
  readonly labels?: Readonly<Record<string, number>>;
  readonly time_limit_s: number;
  readonly memory_growth_limit_mb?: number;
}

export interface ExpectedFinding {
  readonly code: string;
  readonly optional?: boolean;
  readonly count?: number;
  readonly min_count?: number;
  readonly lines?: readonly number[];
  /** Of rows that bring identifiers with them. */
  readonly ids?: readonly string[];
  readonly [key: string]: unknown;
}

export async function expectations(set: 'awkward' | 'hostile'): Promise<readonly Expectation[]> {
  return JSON.parse(await readFile(join(shared, set, 'expected.json'), 'utf8')) as Expectation[];
}

/** Writes files that vanish when the tests of the file are over. Gives their paths. */
export function scratch(): (name: string, content: string | Uint8Array) => Promise<string> {
  const folder = mkdtemp(join(tmpdir(), 'atelier-data-'));
  afterAll(async () => rm(await folder, { recursive: true, force: true }));
  return async (name, content) => {
    const path = join(await folder, name);
    await writeFile(path, content);
    return path;
  };
}

export function request(train: string | readonly string[], more: Partial<DataRequest> = {}): DataRequest {
  const files = typeof train === 'string' ? [train] : train;
  return {
    train: files,
    validation: null,
    test: null,
    task: null,
    columns: null,
    split: { validation: 0.1, test: 0, seed: 1 },
    ...more,
  };
}
