/** An adapter that is trained further, in the window: what is said of it, and what of the form is settled. */
import { describe, expect, it } from 'vitest';
import { recipeJsonSchema } from '../../../engine/spec/recipe.ts';
import type { Json } from '../../../engine/spec/json.ts';
import type { ProjectDraft, SettingsForm as FormView } from '../../../main/contract/views.ts';
import { goalOptions } from '../../../renderer/src/state/goal-words.ts';
import { runLine } from '../../../renderer/src/state/library-words.ts';
import { OpenProject } from '../../../renderer/src/state/project.svelte.ts';
import { SettingsForm } from '../../../renderer/src/state/settings-form.svelte.ts';
import { startWords } from '../../../renderer/src/state/start-words.ts';
import { ticketLines } from '../../../renderer/src/state/ticket.ts';
import { fakeStudio, sampleDataset, sampleProject, sampleRun } from './support.ts';

const own = { r: 3, alpha: 6, dropout: 0, targetModules: ['query'], targetPattern: null, initWeights: 'default' };
const draft: ProjectDraft = {
  ...sampleProject().draft,
  task: 'text-classification',
  model: 'minilm-l6',
  method: 'lora',
  start: { runId: 'r0', name: 'moods', method: own, labels: ['glad', 'sad'] },
};

describe('what is said', () => {
  it('names the adapter, what stays, and the labels it knows', () => {
    expect(startWords(sampleProject().draft, 'MiniLM')).toBeNull();
    expect(startWords(draft, 'MiniLM')).toEqual({
      title: 'It goes on from “moods”.',
      about:
        'LoRA on MiniLM, to sort into categories: goal, model, method and the adapter’s own size stay as they are. It knows these labels: glad, sad. Rows with other labels teach new ones.',
    });
    const many = Array.from({ length: 40 }, (_, at) => `label ${String(at)}`);
    const about = startWords(
      { ...draft, start: { runId: 'r0', name: 'm', method: own, labels: many } },
      'MiniLM',
    )?.about;
    expect(about?.replaceAll('\u00a0', ' ')).toContain('label 7, 32 more. Rows');
  });

  it('stands on the ticket', () => {
    const project = { ...sampleProject(), draft };
    const lines = ticketLines({ project, run: null, modelName: () => 'MiniLM', modelBytes: () => null });
    expect(lines.find(({ key }) => key === 'method')?.answer).toBe('LoRA, going on from moods');
  });

  it('leaves the goals of its own task alone', () => {
    const open = (settled: 'text-classification' | null) =>
      goalOptions(sampleDataset, settled).flatMap(({ value, disabled }) => (disabled ? [] : [value]));
    expect([open('text-classification'), open(null).length > 3]).toEqual([['categories', 'labels', 'number'], true]);
  });
});

describe('the Library', () => {
  const further = (change: Parameters<typeof sampleRun>[0]) =>
    runLine(sampleRun(change), { modelName: String, isNewest: false, now: new Date() }).further;
  const metrics = (steps: number) =>
    ({ tuned: null, metric: 'accuracy', train: { steps } }) as unknown as ReturnType<typeof sampleRun>['metrics'];

  it('offers it for what has learned something', () => {
    expect([
      further({ state: 'finished', metrics: null }),
      further({ state: 'stopped', metrics: metrics(12) }),
      further({ state: 'finished', metrics: metrics(0) }),
      further({ state: 'running', metrics: null }),
      further({ state: 'failed', metrics: null }),
    ]).toEqual([true, true, false, false, false]);
  });
});

describe('the form', () => {
  const schema = recipeJsonSchema({
    method: 'lora',
    context: { task: 'text-classification', architecture: 'bert', parameters: 22e6 },
  }) as { readonly properties: Record<string, Json> };
  const values = { method: own, training: { epochs: 3 } };
  const view: FormView = {
    preset: 'balanced',
    method: schema.properties['method'] ?? null,
    training: schema.properties['training'] ?? null,
    values,
    defaults: values,
    seconds: { quick: null, balanced: null, thorough: null },
  };

  async function rowsOf(start: ProjectDraft['start']) {
    const studio = fakeStudio({ settingsForm: () => view });
    const project = new OpenProject(studio, 'p1', { known: { ...sampleProject(), draft: { ...draft, start } } });
    const form = new SettingsForm(studio, project);
    await form.refresh();
    return form.rows;
  }

  it('shows what the adapter is, and asks how it learns', async () => {
    const rows = await rowsOf(draft.start);
    const method = rows.filter(({ group }) => group === 'method');
    expect(method.filter(({ kept }) => kept).map(({ field, text }) => [field.key, text])).toEqual(
      expect.arrayContaining([
        ['r', '3'],
        ['alpha', '6'],
        ['targetModules', 'query'],
      ]),
    );
    const keys = method.map(({ field }) => field.key);
    expect([keys.includes('targetPattern'), method.find(({ field }) => field.key === 'dropout')?.kept]).toEqual([
      false,
      false,
    ]);
    expect(rows.filter(({ group }) => group === 'training').some(({ kept }) => kept)).toBe(false);
  });

  it('asks everything where it starts anew', async () => {
    const rows = await rowsOf(null);
    expect([rows.some(({ kept }) => kept), rows.some(({ field }) => field.key === 'targetPattern')]).toEqual([
      false,
      true,
    ]);
  });
});
