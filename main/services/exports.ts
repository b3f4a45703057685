/** Taking what a run learned to another program: written, read back, replayed. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StudioError } from '../../engine/spec/errors.ts';
import { exportFormats, whyUnreachable } from '../../engine/spec/exports.ts';
import { modelPathOf } from './models.ts';
import type { Parts, Services } from './parts.ts';
import type { Planner } from './plan.ts';
import { readAnswering, restoredAdapter } from './run-folder.ts';
import { snippetOf } from './snippets.ts';
import type { Views } from './views.ts';

export interface ExportParts {
  readonly views: Views;
  readonly facts: Planner['facts'];
}

export function exportServices(
  { store, engine, paths, publish }: Parts,
  { views, facts }: ExportParts,
): Pick<Services, 'exportRun' | 'listExports'> {
  return {
    listExports: async ({ runId }) => {
      const { method, task, model } = views.runRecord(runId);
      const architecture = await facts(model).then(
        (found) => found.architecture,
        // A model that has gone missing is told of when it is needed.
        () => null,
      );
      return exportFormats.map((format) => ({
        format,
        reason: whyUnreachable(format, { method, task, architecture }),
      }));
    },
    exportRun: async ({ runId, destination, folder, quantisation }) => {
      const run = views.runRecord(runId);
      if (run.metrics === null && run.state !== 'finished')
        throw new StudioError('run.state', { state: run.state, wanted: 'exported' });
      await restoredAdapter(run.folder, store.adapters.list(run.id));
      const out = folder === undefined ? freeFolder(join(paths.exports, slug(run.name))) : resolve(folder);
      if (existsSync(out) && readdirSync(out).length > 0) throw new StudioError('file.exists', { path: out });
      const report = await engine.call(
        'export',
        {
          run: run.folder,
          modelPath: modelPathOf(run, paths),
          to: destination,
          out,
          ...(quantisation === undefined ? {} : { quantisation }),
        },
        { onNews: (progress) => publish('job', { method: 'exportRun', id: run.id, ...progress }) },
      );
      const answering = await readAnswering(run.folder);
      return {
        destination,
        ...report,
        snippet: snippetOf(destination, { ...run, ...answering, slug: slug(run.name) }, report),
      };
    },
  };
}

function slug(name: string): string {
  return (
    name
      .normalize('NFKD')
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-+|-+$/g, '')
      .toLowerCase() || 'run'
  );
}

function freeFolder(path: string): string {
  for (let number = 1; ; number += 1) {
    const folder = number === 1 ? path : `${path}-${String(number)}`;
    if (!existsSync(folder)) return folder;
  }
}
