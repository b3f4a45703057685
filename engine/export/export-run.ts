/** Takes a run's result along in a format and proves it: rows are answered again from the files just written. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandHandler, ExportRequest } from '../spec/commands.ts';
import { StudioError } from '../spec/errors.ts';
import { reachableFormats, shardBytes, whyUnreachable, type ExportFormat } from '../spec/exports.ts';
import type { Prediction } from '../spec/metrics.ts';
import type { Watch } from '../tasks/task.ts';
import { exists } from '../train/checkpoints.ts';
import { runFolder } from '../train/run-folder.ts';
import { openTuned, type TunedModel } from './open-adapter.ts';
import { replayRows, savedPredictions, type Replay } from './replay.ts';
import { copySaved } from './saved-folder.ts';
import { replayOnnx, writeTunedOnnx } from './tuned-onnx.ts';
import { writeTunedGguf, writeTunedGgufLora } from './tuned-gguf.ts';
import { openWholeModel, writeWholeModel } from './whole-model.ts';

export const exportRun: CommandHandler<'export'> = async (request, tell, control) => {
  const { run, out } = request;
  const source = runFolder(run);
  if (!(await exists(source.adapter))) throw new StudioError('file.missing', { path: source.adapter });
  if ((await exists(out)) && (await readdir(out)).length > 0) throw new StudioError('file.exists', { path: out });
  const pending = `${out}.part`;
  await rm(pending, { recursive: true, force: true });
  try {
    await mkdir(pending, { recursive: true });
    const replay = await writers[request.to]({
      request,
      adapter: source.adapter,
      folder: pending,
      saved: await savedPredictions(source.predictions),
      watch: (done, total) => {
        control.signal.throwIfAborted();
        tell({ done, total, note: 'replaying' });
      },
    });
    await rm(out, { recursive: true, force: true });
    await rename(pending, out);
    const names = await readdir(out);
    const files = await Promise.all(names.map(async (name) => ({ name, bytes: (await stat(join(out, name))).size })));
    return { folder: out, files, replay };
  } catch (thrown) {
    await rm(pending, { recursive: true, force: true });
    throw thrown;
  }
};

interface Writing {
  readonly request: ExportRequest;
  /** The adapter folder of the run. */
  readonly adapter: string;
  readonly folder: string;
  /** What the run answered. */
  readonly saved: readonly Prediction[];
  readonly watch: Watch;
}

/** Writes a format into an empty folder, and answers the saved rows from it. */
type Writer = (writing: Writing) => Promise<Replay>;

const asSaved: Writer = async ({ request, adapter, folder, saved, watch }) => {
  await copySaved(adapter, folder);
  const tuned = await openTuned(request.modelPath, folder);
  return replayRows(saved, tuned, { watch, exact: true });
};

const writers: { readonly [F in ExportFormat]: Writer } = {
  peft: asSaved,
  adapterhub: asSaved,
  model: (writing) =>
    fromTuned(writing, async (tuned) => {
      await writeWholeModel(tuned, writing.folder, writing.request.shardBytes ?? shardBytes);
      const written = await openWholeModel(writing.folder, tuned);
      return replayRows(writing.saved, written, { watch: writing.watch, exact: true });
    }),
  gguf: (writing) =>
    fromTuned(writing, async (tuned) => {
      const quantisation = writing.request.quantisation ?? 'F16';
      const written = await writeTunedGguf(tuned, writing.folder, quantisation);
      return replayRows(writing.saved, written, { watch: writing.watch, exact: quantisation === 'F32' });
    }),
  onnx: (writing) =>
    fromTuned(writing, async (tuned) => {
      const { folder, saved, watch } = writing;
      await writeTunedOnnx(tuned, folder);
      return replayOnnx(saved, { tuned, folder, watch });
    }),
  'gguf-lora': (writing) =>
    fromTuned(writing, async (tuned) => {
      const written = await writeTunedGgufLora(tuned, writing.folder);
      return replayRows(writing.saved, written, { watch: writing.watch, exact: true });
    }),
};

/** Opens the run's result where the format is within its reach. Errors: `export.unreachable`, and those of the files. */
async function fromTuned(
  { request, adapter }: Writing,
  write: (tuned: TunedModel) => Promise<Replay>,
): Promise<Replay> {
  const tuned = await openTuned(request.modelPath, adapter);
  try {
    const { recipe, architecture } = tuned;
    const about = { method: recipe.method.name, task: recipe.task, architecture: architecture.type };
    const why = whyUnreachable(request.to, about);
    if (why !== null) {
      const whats = { 'export.method': about.method, 'export.task': about.task, 'export.family': about.architecture };
      const possible = reachableFormats(about).join(', ');
      throw new StudioError('export.unreachable', { format: request.to, why, what: whats[why], possible });
    }
    return await write(tuned);
  } finally {
    await tuned.base.close();
  }
}
