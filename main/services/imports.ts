/** Taking in an adapter that was trained elsewhere: it stands in the Library like a run that has ended, without figures. */
import { basename, join, resolve } from 'node:path';
import type { Json } from '../../engine/spec/json.ts';
import { blobLimit } from '../store/adapters.ts';
import type { RunRecord } from '../store/store.ts';
import { locateModel } from './models.ts';
import type { Parts, Services } from './parts.ts';
import { readAdapter, readResolvedRecipe } from './run-folder.ts';
import { importedRun, runId } from './runs.ts';
import type { Views } from './views.ts';

export function importServices(
  { store, engine, paths, publish }: Parts,
  views: Views,
): Pick<Services, 'importAdapter'> {
  return {
    importAdapter: async ({ folder, model, task, labels }) => {
      const home = join(paths.runs, runId(new Date()));
      const modelPath = locateModel(model, { folder: paths.home, paths });
      const report = await engine.call('importAdapter', {
        folder: resolve(folder),
        modelPath,
        task: task ?? null,
        labels: labels ?? null,
        out: join(home, 'adapter'),
      });
      const recipe: Json = await readResolvedRecipe(home);
      const run: RunRecord = {
        ...importedRun(home, recipe),
        name: basename(resolve(folder)),
        model,
        modelPath,
        finishedAt: new Date().toISOString(),
      };
      store.runs.save(run);
      store.adapters.save(run.id, await readAdapter(home, blobLimit));
      publish('run', views.run(run));
      return { run: views.run(run), namedBase: report.namedBase, ignored: report.ignored };
    },
  };
}
