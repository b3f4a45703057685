/** A form's fields read from a JSON Schema: what each may hold, how a typed text becomes a value, where its slider stands. */
import type { Json } from '../../../engine/spec/json.ts';
import { count, parseNumber as readNumber, setting } from './format.ts';

export interface FormField {
  readonly key: string;
  /**
   * lines: a list of texts, one a line. numbers: a list of whole numbers. table: numbers by name. words: texts by name, one a
   * line. switch: yes or no. json: a list of objects, as JSON. prose: a text of several lines. escaped: one with \n and \t.
   */
  readonly kind:
    | 'integer'
    | 'number'
    | 'choice'
    | 'switch'
    | 'list'
    | 'lines'
    | 'numbers'
    | 'table'
    | 'words'
    | 'json'
    | 'text'
    | 'prose'
    | 'escaped';
  /** Empty is an answer. */
  readonly nullable: boolean;
  readonly label: string;
  readonly term: string;
  readonly unit: string;
  readonly help: string;
  readonly advanced: boolean;
  /** Slider positions in rising order; empty: no slider. */
  readonly steps: readonly number[];
  readonly options: readonly string[];
  readonly minimum: number;
  readonly maximum: number;
  /** The minimum itself is not allowed, or the maximum itself. */
  readonly above: boolean;
  readonly below: boolean;
  /** Where a run goes on from an adapter: free to choose, idle as nothing starts anew, or kept as the adapter has it. */
  readonly further: 'free' | 'idle' | 'kept';
  /** Asked only where these other settings have these values. */
  readonly when: Readonly<Record<string, string>>;
}

type JsonObject = { readonly [key: string]: Json };

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields of an object schema in its order; constants (a method's name) are not fields. */
export function readFields(schema: Json): readonly FormField[] {
  const properties = isObject(schema) ? schema.properties : undefined;
  if (!isObject(properties)) return [];
  return Object.entries(properties).flatMap(([key, property]) =>
    isObject(property) && !('const' in property) ? [readField(key, property)] : [],
  );
}

function readField(key: string, property: JsonObject): FormField {
  const branches = Array.isArray(property.anyOf) ? property.anyOf.filter(isObject) : [];
  const types: readonly Json[] = Array.isArray(property.type) ? property.type : [];
  const nullable = types.includes('null') || branches.some(({ type }) => type === 'null');
  const inner: JsonObject = {
    ...branches.find(({ type }) => type !== 'null'),
    ...property,
    ...(types.length > 0 && { type: types.find((type) => type !== 'null') ?? null }),
  };
  const text = (name: string) => (typeof property[name] === 'string' ? property[name] : '');
  const limit = (name: string) => (typeof inner[name] === 'number' ? inner[name] : null);
  const above = limit('exclusiveMinimum');
  const below = limit('exclusiveMaximum');
  return {
    key,
    kind: kindOf(inner),
    nullable,
    label: text('label') || key,
    term: text('term') || key,
    unit: text('unit'),
    help: text('help'),
    advanced: property.advanced === true,
    steps: Array.isArray(property.steps) ? property.steps.filter((step) => typeof step === 'number') : [],
    options:
      inner.type === 'boolean'
        ? switchOptions
        : Array.isArray(inner.enum)
          ? inner.enum.filter((option) => typeof option === 'string')
          : [],
    minimum: limit('minimum') ?? above ?? -Infinity,
    maximum: limit('maximum') ?? below ?? Infinity,
    above: above !== null,
    below: below !== null,
    further: property.further === 'free' || property.further === 'idle' ? property.further : 'kept',
    when: isObject(property.when) ? (property.when as Readonly<Record<string, string>>) : {},
  };
}

const switchOptions = ['yes', 'no'] as const;

/** The kind of a list by the type of its items. */
function listKind(items: Json | undefined): FormField['kind'] {
  if (items === 'integer') return 'numbers';
  return items === 'object' ? 'json' : 'list';
}

function kindOf(schema: JsonObject): FormField['kind'] {
  if (Array.isArray(schema.enum)) return 'choice';
  switch (schema.type) {
    case 'integer':
      return 'integer';
    case 'number':
      return 'number';
    case 'boolean':
      return 'switch';
    case 'array':
      return schema.lines === true ? 'lines' : listKind(isObject(schema.items) ? schema.items.type : undefined);
    case 'object':
      return isObject(schema.additionalProperties) && schema.additionalProperties.type === 'string' ? 'words' : 'table';
    default:
      return schema.lines === true ? 'prose' : schema.escaped === true ? 'escaped' : 'text';
  }
}

/** Whether a setting says anything beside these. */
export function isAsked({ when }: FormField, values: Readonly<Record<string, Json>>): boolean {
  return Object.entries(when).every(([key, value]) => values[key] === value);
}

/** A field with its value, as a form shows it. */
export interface FieldRow {
  readonly field: FormField;
  readonly value: Json;
  readonly standard: Json;
  /** As the input shows it: the value, or what was typed when that cannot be. */
  readonly text: string;
  readonly changed: boolean;
  readonly problem: string;
}

export function fieldRow(
  field: FormField,
  { value, standard, typed }: { readonly value: Json; readonly standard: Json; readonly typed: string | undefined },
): FieldRow {
  const parsed = typed === undefined ? null : parseText(field, typed);
  return {
    field,
    value,
    standard,
    text: typed ?? showValue(value, field.kind),
    changed: !sameValue(value, standard),
    problem: parsed !== null && !parsed.ok ? parsed.problem : '',
  };
}

export type Parsed = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly problem: string };

/** Reads what was typed. Both decimal marks are understood; a value that cannot be is named with the legal range. */
export function parseText(field: FormField, typed: string): Parsed {
  const text = typed.trim();
  if (text === '' && field.nullable) return { ok: true, value: null };
  switch (field.kind) {
    case 'integer':
    case 'number':
      return parseNumber(field, text);
    case 'choice':
      return field.options.includes(text) ? { ok: true, value: text } : refused(field, text);
    case 'switch':
      return field.options.includes(text) ? { ok: true, value: text === 'yes' } : refused(field, text);
    case 'list': {
      const items = itemsOf(text);
      return items.length > 0 ? { ok: true, value: items } : refused(field, text);
    }
    case 'lines':
      return { ok: true, value: linesOf(typed).map((line) => (line === nothing ? '' : unescaped(line))) };
    case 'words':
      return parseWords(field, typed);
    case 'numbers': {
      const numbers = itemsOf(text).map((item) => readNumber(item));
      return numbers.length > 0 && numbers.every((number) => Number.isInteger(number))
        ? { ok: true, value: numbers }
        : refused(field, text);
    }
    case 'table': {
      const entries = itemsOf(text.replaceAll(/\s*=\s*/g, '=')).map((item) => {
        const at = item.lastIndexOf('=');
        return [item.slice(0, Math.max(0, at)), readNumber(item.slice(at + 1))] as const;
      });
      return entries.every(([name, number]) => name !== '' && number !== null)
        ? { ok: true, value: Object.fromEntries(entries) }
        : refused(field, text);
    }
    case 'json': {
      const value = jsonOf(text);
      return Array.isArray(value) ? { ok: true, value } : refused(field, text);
    }
    case 'text':
      return text === '' ? refused(field, text) : { ok: true, value: text };
    case 'prose':
      return text === '' ? refused(field, text) : { ok: true, value: typed };
    case 'escaped':
      return typed === '' ? refused(field, typed) : { ok: true, value: unescaped(typed) };
  }
}

function linesOf(typed: string): readonly string[] {
  return typed.split('\n').filter((line) => line !== '');
}

/** A line each, `name = text`; the first sign of equality counts. */
function parseWords(field: FormField, typed: string): Parsed {
  const entries = linesOf(typed).map((line) => {
    const [name = '', ...rest] = line.split('=');
    return [name.trim(), rest.join('=').trim()] as const;
  });
  const wrong = entries.findIndex(([name, text]) => name === '' || text === '');
  return wrong < 0 ? { ok: true, value: Object.fromEntries(entries) } : refused(field, linesOf(typed)[wrong] ?? '');
}

function jsonOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t' };
/** Stands for an empty text among lines, where an empty line is none. */
const nothing = '\\';

/** A text of one line, in which \n is a line break, \t a tab, and any other sign after a backslash itself. */
function unescaped(line: string): string {
  return line.replaceAll(/\\(.)/g, (_, sign: string) => escapes[sign] ?? sign);
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

function itemsOf(text: string): string[] {
  return text.split(/[\s,;]+/).filter((item) => item !== '');
}

function parseNumber(field: FormField, text: string): Parsed {
  const value = readNumber(text);
  if (value === null) return refused(field, text);
  if (field.kind === 'integer' && !Number.isInteger(value)) return refused(field, text);
  if (value < field.minimum || value > field.maximum) return refused(field, text);
  if ((field.above && value === field.minimum) || (field.below && value === field.maximum)) return refused(field, text);
  return { ok: true, value };
}

function refused(field: FormField, text: string): Parsed {
  return { ok: false, problem: `${text === '' ? 'Nothing' : text} cannot be: ${legalRange(field)}.` };
}

/** What the field may hold, in words. */
export function legalRange(field: FormField): string {
  const empty = field.nullable ? ', or empty' : '';
  switch (field.kind) {
    case 'choice':
    case 'switch':
      return `${field.options.join(', ')}${empty}`;
    case 'numbers':
      return `one whole number or more, separated by commas${empty}`;
    case 'table':
      return 'names with a number each, as name = 4, separated by commas; or empty';
    case 'json':
      return `a list of objects in brackets, as JSON${empty}`;
    case 'list':
      return `one name or more, separated by commas${empty}`;
    case 'lines':
      return 'one text a line, or empty';
    case 'words':
      return 'a name and its text a line, as name = text; or empty';
    case 'text':
    case 'prose':
    case 'escaped':
      return `a text${empty}`;
    case 'integer':
      return `a whole number ${range(field)}${empty}`;
    case 'number':
      return `a number ${range(field)}${empty}`;
  }
}

function range(field: FormField): string {
  const write = (value: number) => (value >= 10_000 ? count(value) : setting(value));
  const from = field.above ? `above ${write(field.minimum)}` : `from ${write(field.minimum)}`;
  if (!Number.isFinite(field.maximum)) return from;
  const to = field.below ? 'to below' : field.above ? 'and at most' : 'to';
  return `${from} ${to} ${write(field.maximum)}`;
}

/** A value as the input shows it; `lines` has each item of a list on its own, `words` each entry. */
export function showValue(value: Json | undefined, kind?: FormField['kind']): string {
  if (kind === 'lines' && Array.isArray(value))
    return value.map((item) => (item === '' ? nothing : escaped(String(item)))).join('\n');
  if (kind === 'words' && isObject(value))
    return Object.entries(value)
      .map(([name, text]) => `${name} = ${showValue(text)}`)
      .join('\n');
  if (kind === 'escaped' && typeof value === 'string') return escaped(value);
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return setting(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value) && value.some((item) => isObject(item as Json))) return JSON.stringify(value);
  if (Array.isArray(value)) return value.map((item) => showValue(item as Json)).join(', ');
  if (typeof value !== 'object') return value;
  return Object.entries(value)
    .map(([name, item]) => `${name} = ${showValue(item)}`)
    .join(', ');
}

export function sameValue(a: Json | undefined, b: Json | undefined): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

/** Where a value stands between the slider's positions, 0 to steps.length − 1; between two positions in proportion. */
export function sliderPosition(steps: readonly number[], value: number): number {
  const above = steps.findIndex((step) => step >= value);
  if (above < 0) return Math.max(0, steps.length - 1);
  const high = steps[above] ?? value;
  const low = steps[above - 1];
  if (low === undefined || high === low) return above;
  return above - 1 + (value - low) / (high - low);
}

/** Values that differ from the defaults, by key. */
export function changesOf(
  values: Readonly<Record<string, Json>>,
  defaults: Readonly<Record<string, Json>>,
): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(values).filter(([key, value]) => key !== 'name' && !sameValue(value, defaults[key])),
  );
}
