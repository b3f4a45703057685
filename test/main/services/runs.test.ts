/** Promises: a run is kept whole in the store, steered at any moment, and taken up after an end of any kind with its curve intact. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../../engine/spec/json.ts';
import type { News } from '../../../main/contract/index.ts';
import type { RunView } from '../../../main/contract/views.ts';
import { openStore } from '../../../main/store/store.ts';
import { openHouse, readyProject, temporaryFolder, type House } from './house.ts';

const steps = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('a finished run', () => {
  const folder = temporaryFolder();
  let house: House;
  let run: RunView;
  beforeAll(async () => {
    house = await openHouse(folder.path);
    const project = await readyProject(house);
    const started = await house.services.startRun({ projectId: project.id });
    run = await house.reaches(started.id, 'finished');
  });
  afterAll(async () => {
    await house.studio.close();
    folder.remove();
  });
  const newsOf = <T extends keyof News>(topic: T) =>
    house.news.flatMap((item) => (item.topic === topic ? [item.news as News[T]] : []));

  test('has its figures, its folder and no error', () => {
    expect([
      run.step,
      run.steps,
      run.error,
      run.phase,
      run.metrics?.tuned?.n,
      existsSync(join(run.folder, 'adapter')),
    ]).toEqual([24, 24, null, null, 24, true]);
  });

  test('has each step once in its curve, told as news and kept alike', async () => {
    const series = await house.services.runSeries({ runId: run.id });
    const told = newsOf('series')
      .filter(({ runId }) => runId === run.id)
      .flatMap((news) => news.series.steps);
    expect([series.steps.map(({ step }) => step), told.map(({ step }) => step)]).toEqual([steps(24), steps(24)]);
    expect(series.steps.map(({ rowsPerSecond }) => rowsPerSecond.toFixed(3))).toEqual(
      told.map(({ rowsPerSecond }) => rowsPerSecond.toFixed(3)),
    );
    expect([
      series.stepsPerEpoch,
      series.evaluations.filter(({ kept }) => kept).length,
      series.samples.length > 0,
    ]).toEqual([14, 1, true]);
  });

  test('says how long it will take while it learns', () => {
    expect(newsOf('run').some(({ secondsLeft }) => secondsLeft !== null && secondsLeft > 0)).toBe(true);
    expect(run.secondsLeft).toBeNull();
  });

  test('has a result whose counts agree with its figures', async () => {
    const result = await house.services.runResult({ runId: run.id });
    const tuned = result.metrics.tuned;
    const right = tuned !== null && 'accuracy' in tuned ? Math.round(tuned.accuracy * tuned.n) : -1;
    const diagonal = result.confusion?.counts.reduce((sum, row, index) => sum + (row[index] ?? 0), 0);
    const untrained = result.metrics.baselines?.untrained;
    const before = untrained && 'accuracy' in untrained ? Math.round(untrained.accuracy * untrained.n) : -1;
    expect([diagonal, result.totals.wrong, result.totals.rows, right - before]).toEqual([
      right,
      24 - right,
      24,
      result.totals.fixed - result.totals.broken,
    ]);
    expect(result.gain?.value).toBeCloseTo((right - before) / 24, 10);
    expect(result.verdict.code).toMatch(/^share\./);
  });

  test('keeps its adapter in the store and writes it back when its folder was cleared', async () => {
    const path = join(run.folder, 'adapter');
    const before = readFileSync(join(path, 'adapter_model.safetensors'));
    rmSync(path, { recursive: true });
    const heard: News['answer'][] = [];
    const stop = house.studio.subscribe((topic, news) => {
      if (topic === 'answer') heard.push(news as News['answer']);
    });
    const { id } = await house.services.ask({ runId: run.id, prompt: 'switch the hall light on' });
    while (heard.filter(({ done }) => done).length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    stop();
    const tuned = heard.find(({ side, done }) => side === 'tuned' && done);
    const base = heard.find(({ side }) => side === 'base');
    const { labels } = JSON.parse(readFileSync(join(run.folder, 'baseline.json'), 'utf8')) as { labels: string[] };
    expect([tuned?.id, tuned?.error, tuned?.scores?.length, base?.error]).toEqual([id, null, 3, null]);
    // The untrained encoder names the class whose centre lies nearest.
    expect(labels).toContain(base?.text);
    expect(tuned?.scores?.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
    expect(
      createHash('sha256')
        .update(readFileSync(join(path, 'adapter_model.safetensors')))
        .digest(),
    ).toEqual(createHash('sha256').update(before).digest());
  });

  test('refuses an answer’s setting that is unknown or beyond its limits, before anything is asked', async () => {
    const ask = async (settings: Readonly<Record<string, Json>>) =>
      house.services.ask({ runId: run.id, prompt: 'hello', settings });
    await expect(ask({ topP: 4 })).rejects.toMatchObject({
      code: 'answer.setting',
      data: { path: 'topP', value: '4', legal: 'number, at most 1' },
    });
    await expect(ask({ modelPath: '/elsewhere' })).rejects.toMatchObject({
      code: 'answer.setting',
      data: { path: 'modelPath', legal: expect.stringContaining('maxNewTokens') as string },
    });
  });

  test('is exported with its answers replayed, and not over another folder', async () => {
    const report = await house.services.exportRun({ runId: run.id, destination: 'peft' });
    expect([
      report.replay.matched,
      report.replay.of,
      report.files.some(({ name }) => name === 'adapter_config.json'),
      report.snippet.includes(report.folder),
    ]).toEqual([20, 20, true, true]);
    await expect(async () =>
      house.services.exportRun({ runId: run.id, destination: 'peft', folder: report.folder }),
    ).rejects.toMatchObject({ code: 'file.exists' });
  });

  test('says where it can be taken, and goes there as one model and as ONNX', async () => {
    const choices = await house.services.listExports({ runId: run.id });
    const reasons = Object.fromEntries(choices.map(({ format, reason }) => [format, reason]));
    expect(reasons).toEqual({
      peft: null,
      adapterhub: 'export.method',
      model: null,
      gguf: 'export.task',
      'gguf-lora': 'export.task',
      onnx: null,
    });
    for (const destination of ['model', 'onnx'] as const) {
      const report = await house.services.exportRun({ runId: run.id, destination });
      expect([destination, report.replay.matched, report.replay.of]).toEqual([destination, 20, 20]);
      expect(report.snippet).toContain(report.folder);
    }
    await expect(async () => house.services.exportRun({ runId: run.id, destination: 'gguf' })).rejects.toMatchObject({
      code: 'export.unreachable',
    });
  });

  test('taken in elsewhere, its adapter stands in the Library without figures, and answers', async () => {
    const report = await house.services.exportRun({ runId: run.id, destination: 'peft' });
    for (const name of ['recipe.json', 'labels.json', 'head.json']) rmSync(join(report.folder, name));
    const labels = ['first', 'second', 'third'];
    const taken = await house.services.importAdapter({ folder: report.folder, model: run.model, labels });
    expect(taken).toMatchObject({
      run: { state: 'finished', task: run.task, method: run.method, metrics: null },
      ignored: [],
    });
    expect((await house.services.listRuns({})).map(({ id }) => id)).toContain(taken.run.id);
    const heard: News['answer'][] = [];
    const stop = house.studio.subscribe((topic, item) => {
      if (topic === 'answer') heard.push(item as News['answer']);
    });
    await house.services.ask({ runId: taken.run.id, prompt: 'switch the hall light on' });
    while (heard.filter(({ done }) => done).length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    stop();
    const tuned = heard.find(({ side, done }) => side === 'tuned' && done);
    expect([tuned?.error, tuned?.scores?.map(({ label }) => label).toSorted()]).toEqual([null, labels]);
    // The names it was given are none of the rows': said, not counted as wrong.
    const data = join(house.folder, 'test.csv');
    await expect(async () => house.services.evaluateRun({ runId: taken.run.id, data })).rejects.toMatchObject({
      code: 'data.unseen-label',
      data: { known: 'first, second, third' },
    });
    const named = await house.services.importAdapter({
      folder: report.folder,
      model: run.model,
      labels: ['play_media', 'set_temperature', 'turn_on'],
    });
    const { metrics, totals, wrong } = await house.services.evaluateRun({ runId: named.run.id, data });
    expect([metrics.tuned, metrics.baselines, totals.rows]).toEqual([run.metrics?.tuned, null, 24]);
    expect(wrong.length).toBe(totals.wrong);
    expect(newsOf('job').some(({ method, id }) => method === 'evaluateRun' && id === named.run.id)).toBe(true);
    await expect(async () =>
      house.services.importAdapter({ folder: report.folder, model: run.model, task: 'token-classification' }),
    ).rejects.toMatchObject({ code: 'adapter.task' });
  });

  test('is trained further: its adapter settles goal, model, method and shape, until it begins anew', async () => {
    const { services } = house;
    const further = await services.createProject({ start: run.id });
    const { draft } = further;
    expect(draft).toMatchObject({
      task: run.task,
      model: run.model,
      method: run.method,
      step: 'settings',
      start: { runId: run.id, name: run.name, method: { r: 8 }, labels: ['play_media', 'set_temperature', 'turn_on'] },
    });
    expect(further.dataset?.counts).toEqual(
      (await services.getProject({ projectId: run.projectId ?? '' })).dataset?.counts,
    );
    const { id: projectId } = further;
    for (const [decision, what] of [
      [{ method: 'prompt' }, 'method'],
      [{ task: 'chat' }, 'goal'],
      [{ methodChanges: { r: 4 } }, 'r'],
    ] as const)
      await expect(async () => services.decide({ projectId, ...decision })).rejects.toMatchObject({
        code: 'project.start',
        data: { name: run.name, what },
      });
    const methods = await services.listMethods({ projectId });
    expect(methods.filter(({ obstacle }) => obstacle === null).map(({ name }) => name)).toEqual([run.method]);
    await services.decide({ projectId, preset: 'thorough', methodChanges: { dropout: 0 } });
    const form = await services.settingsForm({ projectId });
    expect([form.values.method['r'], form.defaults.method['r'], form.values.method['dropout']]).toEqual([8, 8, 0]);
    const anew = await services.decide({ projectId, start: null, method: 'prompt' });
    expect([anew.draft.start, anew.draft.method]).toEqual([null, 'prompt']);
    const again = await services.decide({ projectId, start: run.id });
    expect([again.draft.start?.runId, again.draft.method, again.draft.methodChanges]).toEqual([run.id, run.method, {}]);
    await services.decide({
      projectId,
      preset: 'balanced',
      trainingChanges: { batchSize: 4, maxLength: 32, maxSteps: 2, learningRate: 1e-9 },
    });
    const second = await services.startRun({ projectId });
    const done = await house.reaches(second.id, 'finished');
    // Hardly a step was made, so that it answers as well as the adapter did before.
    const [before, after] = [run.metrics?.tuned, done.metrics?.tuned];
    expect(
      before && after && 'accuracy' in before && 'accuracy' in after ? after.accuracy - before.accuracy : NaN,
    ).toBe(0);
    const recipe = JSON.parse(readFileSync(join(done.folder, 'adapter/recipe.json'), 'utf8')) as { start?: string };
    expect(recipe.start).toBe(join(run.folder, 'adapter'));
  });

  test('can neither be paused nor continued', async () => {
    for (const act of ['pauseRun', 'continueRun', 'stopRun', 'cancelRun'] as const) {
      await expect(async () => house.services[act]({ runId: run.id })).rejects.toMatchObject({
        code: 'run.state',
        data: { state: 'finished' },
      });
    }
  });

  test('of a terminal is taken into the library once, curve and all', async () => {
    const place = temporaryFolder();
    const other = await openHouse(place.path);
    const taken = await other.services.importRun({ folder: run.folder });
    const again = await other.services.importRun({ folder: run.folder });
    const series = await other.services.runSeries({ runId: taken.id });
    expect([
      again.id,
      taken.state,
      taken.metrics,
      series.steps.length,
      (await other.services.listRuns({})).length,
    ]).toEqual([taken.id, 'finished', run.metrics, 24, 1]);
    await expect(async () => other.services.importRun({ folder: place.path })).rejects.toMatchObject({
      code: 'file.missing',
    });
    await other.studio.close();
    place.remove();
  });
});

describe('a run under way', () => {
  const folder = temporaryFolder();
  let house: House;
  let projectId: string;
  beforeAll(async () => {
    house = await openHouse(folder.path);
    projectId = (await readyProject(house, { maxSteps: 400, epochs: 100 })).id;
  });
  afterAll(async () => {
    await house.studio.close();
    folder.remove();
  });

  test('is paused and continued where it stood; the next waits; a stop keeps what was learned', async () => {
    const { services } = house;
    const first = await services.startRun({ projectId });
    const second = await services.startRun({ projectId });
    await house.atStep(first.id, 3);
    await services.pauseRun({ runId: first.id });
    const paused = await house.reaches(first.id, 'paused');
    expect([(await services.getRun({ runId: second.id })).state, paused.secondsLeft]).toEqual(['queued', null]);
    await services.cancelRun({ runId: second.id });
    await services.continueRun({ runId: first.id });
    await house.atStep(first.id, paused.step + 2);
    await services.stopRun({ runId: first.id });
    const stopped = await house.reaches(first.id, 'stopped');
    const series = await services.runSeries({ runId: first.id });
    expect([
      series.steps.map(({ step }) => step),
      stopped.metrics?.tuned?.n,
      (await services.getRun({ runId: second.id })).state,
    ]).toEqual([steps(stopped.step), 24, 'cancelled']);
  });

  test('is cancelled at once and can be continued from its last safe point', async () => {
    const { services } = house;
    const { id } = await services.startRun({ projectId });
    await house.atStep(id, 4);
    await services.cancelRun({ runId: id });
    const cancelled = await house.reaches(id, 'cancelled');
    await services.continueRun({ runId: id });
    await house.atStep(id, cancelled.step + 3);
    await services.stopRun({ runId: id });
    const stopped = await house.reaches(id, 'stopped');
    expect((await services.runSeries({ runId: id })).steps.map(({ step }) => step)).toEqual(steps(stopped.step));
  });

  test('is interrupted when the studio is closed, offered at the next start, and continued', async () => {
    const { id } = await house.services.startRun({ projectId });
    await house.atStep(id, 4);
    await house.studio.close();
    house = await openHouse(folder.path);
    const interrupted = await house.services.getRun({ runId: id });
    expect([
      interrupted.state,
      interrupted.step >= 4,
      (await house.services.getProject({ projectId })).latestRun?.id,
    ]).toEqual(['interrupted', true, id]);
    await house.services.continueRun({ runId: id });
    await house.atStep(id, interrupted.step + 2);
    await house.services.stopRun({ runId: id });
    const stopped = await house.reaches(id, 'stopped');
    expect((await house.services.runSeries({ runId: id })).steps.map(({ step }) => step)).toEqual(steps(stopped.step));
  });

  test.runIf(process.platform === 'linux')('whose engine is killed fails as what it is and is continued', async () => {
    const pid = String(process.pid);
    const children = () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
    const before = new Set(children());
    const { id } = await house.services.startRun({ projectId });
    await house.atStep(id, 4);
    for (const child of children().filter((each) => !before.has(each))) process.kill(child, 'SIGKILL');
    const failed = await house.reaches(id, 'failed');
    expect(failed.error).toMatchObject({ kind: 'expected', code: 'engine.crashed', data: { signal: 'SIGKILL' } });
    await house.services.continueRun({ runId: id });
    await house.atStep(id, failed.step + 2);
    await house.services.stopRun({ runId: id });
    const stopped = await house.reaches(id, 'stopped');
    expect((await house.services.runSeries({ runId: id })).steps.map(({ step }) => step)).toEqual(steps(stopped.step));
  });

  test('survives a kill of the whole studio: what its own file knows is read back', async () => {
    const place = temporaryFolder();
    const script = fileURLToPath(new URL('./killed-house.ts', import.meta.url));
    const child = spawn(process.execPath, [script, place.path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const runId = await new Promise<string>((resolve) => {
      let text = '';
      child.stdout.on('data', (data: Buffer) => {
        text += data.toString();
        const said = /learning (\S+)\n/.exec(text)?.[1];
        if (said !== undefined) resolve(said);
      });
    });
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    const after = await openHouse(place.path);
    const found = await after.services.getRun({ runId });
    const known = (await after.services.runSeries({ runId })).steps.map(({ step }) => step);
    const written = readFileSync(join(found.folder, 'events.jsonl'), 'utf8').match(/"type":"step"/g) ?? [];
    // The studio is told of a step before its line is written: the last of the five may be missing, on a slow disk two.
    expect(written.length).toBeGreaterThanOrEqual(3);
    expect([found.state, found.step, known]).toEqual(['interrupted', written.length, steps(written.length)]);
    await after.services.continueRun({ runId });
    await after.atStep(runId, found.step + 2);
    await after.services.stopRun({ runId });
    const stopped = await after.reaches(runId, 'stopped');
    expect((await after.services.runSeries({ runId })).steps.map(({ step }) => step)).toEqual(steps(stopped.step));
    await after.studio.close();
    place.remove();
  });
});

test('a run whose data went missing fails with the file’s name, and the next one begins', async () => {
  const folder = temporaryFolder();
  const house = await openHouse(folder.path);
  const { id: projectId } = await readyProject(house);
  rmSync(join(folder.path, 'train.csv'));
  const first = await house.services.startRun({ projectId });
  const failed = await house.reaches(first.id, 'failed');
  expect(failed.error).toMatchObject({
    kind: 'expected',
    code: 'file.missing',
    data: { path: join(folder.path, 'train.csv') },
  });
  const second = await house.services.startRun({ projectId });
  expect((await house.reaches(second.id, 'failed')).error).toMatchObject({ code: 'file.missing' });
  await house.studio.close();
  const store = openStore(house.paths.store);
  expect(store.runs.list().map(({ state }) => state)).toEqual(['failed', 'failed']);
  store.close();
  folder.remove();
});
