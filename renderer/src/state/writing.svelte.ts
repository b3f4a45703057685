/** How answers are written where one tries a model: the settings as a form, kept by goal, and what is asked with them. */
import { SvelteMap } from 'svelte/reactivity';
import { answerLength, generationJsonSchema, generationSettings } from '../../../engine/spec/generation.ts';
import type { Json } from '../../../engine/spec/json.ts';
import type { TaskName } from '../../../engine/spec/tasks.ts';
import { changesOf, fieldRow, isAsked, parseText, readFields, sameValue, type FieldRow } from '../lib/schema-form.ts';
import type { Failure } from './failure.ts';
import type { Settings } from './settings.svelte.ts';

type Values = Readonly<Record<string, Json>>;

interface Asked {
  readonly task: TaskName;
  /** Tokens the model reads at most; null: no limit, or not known. */
  readonly contextLength: number | null;
}

const fields = readFields(generationJsonSchema());

export class Writing {
  readonly #settings: Settings;
  readonly #asked: () => Asked;
  readonly #typed = new SvelteMap<string, string>();
  /** What was changed here; null: nothing yet, so what was kept counts. */
  #own = $state.raw<Values | null>(null);

  constructor(settings: Settings, asked: () => Asked) {
    this.#settings = settings;
    this.#asked = asked;
  }

  readonly #changes: Values = $derived.by(() => this.#own ?? this.#settings.view?.writing[this.#asked().task] ?? {});
  readonly #standards: Values = $derived.by(() =>
    generationSettings({ maxNewTokens: answerLength(this.#asked().contextLength) }),
  );
  readonly values: Values = $derived({ ...this.#standards, ...this.#changes });

  /** How words are chosen. */
  readonly strategy: string = $derived(
    typeof this.values['strategy'] === 'string' ? this.values['strategy'] : generationSettings({}).strategy,
  );

  /** The settings that say something beside the others. */
  readonly rows: readonly FieldRow[] = $derived(
    fields
      .filter((field) => isAsked(field, this.values))
      .map((field) =>
        fieldRow(field, {
          value: this.values[field.key] ?? null,
          standard: this.#standards[field.key] ?? null,
          typed: this.#typed.get(field.key),
        }),
      ),
  );
  readonly changed: number = $derived(this.rows.filter((row) => row.changed).length);
  readonly problems: number = $derived(this.rows.filter((row) => row.problem !== '').length);

  /** The same for both models. The way words are chosen is always said: a temperature alone would ask for a draw. */
  readonly request: Values = $derived({
    ...Object.fromEntries(this.rows.filter((row) => row.changed).map(({ field, value }) => [field.key, value])),
    strategy: this.strategy,
  });

  get failure(): Failure | null {
    return this.#settings.failure;
  }

  /** Takes what was typed; an impossible value stays as it was typed and says what would be possible. */
  async type({ field }: FieldRow, text: string): Promise<void> {
    const parsed = parseText(field, text);
    if (parsed.ok) await this.set(field.key, parsed.value);
    else this.#typed.set(field.key, text);
  }

  async set(key: string, value: Json): Promise<void> {
    this.#typed.delete(key);
    if (!sameValue(value, this.values[key])) await this.#keep({ ...this.values, [key]: value });
  }

  async reset({ field, standard }: FieldRow): Promise<void> {
    await this.set(field.key, standard);
  }

  async resetAll(): Promise<void> {
    this.#typed.clear();
    await this.#keep(this.#standards);
  }

  async #keep(values: Values): Promise<void> {
    this.#own = changesOf(values, this.#standards);
    await this.#settings.change({ writing: { [this.#asked().task]: this.#own } });
  }
}
