/** The settings of a run as a form: preset, changes, impossible values kept as typed, and what it all costs. */
import { SvelteMap } from 'svelte/reactivity';
import type { Json } from '../../../engine/spec/json.ts';
import type { Estimate } from '../../../engine/spec/metrics.ts';
import type { PresetName } from '../../../engine/spec/methods/common.ts';
import type { Studio } from '../../../main/contract/index.ts';
import type { SettingsForm as FormView } from '../../../main/contract/views.ts';
import { changesOf, fieldRow, parseText, readFields, sameValue, type FieldRow } from '../lib/schema-form.ts';
import { failureOf, type Failure } from './failure.ts';
import type { OpenProject } from './project.svelte.ts';

export type Group = 'method' | 'training';

/** One row of the form. */
export interface FormRow extends FieldRow {
  readonly group: Group;
  /** The adapter that the run goes on from has settled it. */
  readonly kept: boolean;
}

export class SettingsForm {
  readonly #studio: Studio;
  readonly #project: OpenProject;
  readonly #typed = new SvelteMap<string, string>();
  /** Estimates of presets seen without changes, to compare with. */
  readonly #presetEstimates = new SvelteMap<PresetName, Estimate>();
  /** Counts changes, so that a reply to an earlier one does not undo a later one. */
  #version = 0;
  #form = $state.raw<FormView | null>(null);
  #estimate = $state.raw<Estimate | null>(null);
  #failure = $state.raw<Failure | null>(null);

  constructor(studio: Studio, project: OpenProject) {
    this.#studio = studio;
    this.#project = project;
  }

  get form(): FormView | null {
    return this.#form;
  }

  get estimate(): Estimate | null {
    return this.#estimate;
  }

  get failure(): Failure | null {
    return this.#failure ?? this.#project.failure;
  }

  readonly rows: readonly FormRow[] = $derived.by(() =>
    this.#form === null ? [] : [...this.#rowsOf(this.#form, 'method'), ...this.#rowsOf(this.#form, 'training')],
  );
  readonly changed: number = $derived(this.rows.filter((row) => row.changed).length);
  readonly problems: number = $derived(this.rows.filter((row) => row.problem !== '').length);
  readonly presetEstimate: Estimate | null = $derived(
    this.#form === null ? null : (this.#presetEstimates.get(this.#form.preset) ?? null),
  );
  /** What the engine will be given, without data and model. */
  readonly recipe: string = $derived(
    this.#form === null
      ? ''
      : JSON.stringify({ method: this.#form.values.method, training: this.#form.values.training }, null, 2),
  );

  async refresh(): Promise<void> {
    await this.#guarded(async () => {
      const projectId = this.#project.id;
      const version = this.#version;
      const estimating = this.#studio.call('estimate', { projectId });
      estimating.catch(() => undefined);
      const form = await this.#studio.call('settingsForm', { projectId });
      if (version !== this.#version) return;
      this.#form = form;
      const estimate = await estimating;
      if (version !== this.#version) return;
      this.#estimate = estimate;
      if (this.changed === 0) this.#presetEstimates.set(form.preset, estimate);
    });
  }

  async choosePreset(preset: PresetName): Promise<void> {
    this.#version += 1;
    if (this.#form !== null) this.#form = { ...this.#form, preset };
    await this.#project.decide({ preset });
    await this.refresh();
  }

  /** Takes what was typed; an impossible value stays as it was typed and says what would be possible. */
  async type(row: FormRow, text: string): Promise<void> {
    const parsed = parseText(row.field, text);
    if (!parsed.ok) {
      this.#typed.set(idOf(row), text);
      return;
    }
    await this.set(row, parsed.value);
  }

  async set(row: FormRow, value: Json): Promise<void> {
    this.#typed.delete(idOf(row));
    const form = this.#form;
    if (form === null || sameValue(value, row.value)) return;
    this.#form = {
      ...form,
      values: { ...form.values, [row.group]: { ...form.values[row.group], [row.field.key]: value } },
    };
    await this.#write();
  }

  reset(row: FormRow): Promise<void> {
    return this.set(row, row.standard);
  }

  async resetAll(): Promise<void> {
    const form = this.#form;
    if (form === null) return;
    this.#typed.clear();
    this.#form = { ...form, values: form.defaults };
    await this.#write();
  }

  async #write(): Promise<void> {
    const form = this.#form;
    if (form === null) return;
    this.#version += 1;
    const changes = (group: Group) => changesOf(form.values[group], form.defaults[group]);
    await this.#project.decide({ methodChanges: changes('method'), trainingChanges: changes('training') });
    await this.refresh();
  }

  #rowsOf(form: FormView, group: Group): readonly FormRow[] {
    const isFurther = group === 'method' && (this.#project.draft?.start ?? null) !== null;
    // Of an adapter's own settings those that are empty say nothing either.
    const fields = readFields(form[group]).filter(
      ({ key, further }) =>
        !isFurther || (further !== 'idle' && (further === 'free' || form.values[group][key] !== null)),
    );
    return fields.map((field) => ({
      group,
      kept: isFurther && field.further === 'kept',
      ...fieldRow(field, {
        value: form.values[group][field.key] ?? null,
        standard: form.defaults[group][field.key] ?? null,
        typed: this.#typed.get(`${group}.${field.key}`),
      }),
    }));
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    this.#failure = null;
    try {
      await work();
    } catch (thrown) {
      this.#failure = failureOf(thrown);
    }
  }
}

function idOf(row: FormRow): string {
  return `${row.group}.${row.field.key}`;
}
