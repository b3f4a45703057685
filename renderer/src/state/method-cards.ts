/** A method as its card says it: name, one sentence, what it costs here, where its result can go, why it cannot be chosen. */
import { sentenceOf } from '../../../engine/spec/wording/index.ts';
import { writesText, type TaskName } from '../../../engine/spec/tasks.ts';
import type { MethodName } from '../../../engine/spec/methods/index.ts';
import type { Destination, MethodView } from '../../../main/contract/views.ts';
import { bytes, capital, duration, inWords, percent } from '../lib/format.ts';
import { destinationLabels, methodLabels } from './words.ts';

export const methodCaptions = {
  full: 'Every weight in the model moves. Nothing is frozen.',
  'linear-probe': 'The model stays as it is; one new answer layer learns to read it.',
  'in-context': 'Nothing learns. A few of your rows are shown before each question.',
  lora: 'Beside each chosen frozen matrix, two thin new ones learn a correction.',
  adapter: 'Two small bottlenecks in each layer learn; everything around them is frozen.',
  prefix: 'Learned keys and values sit in each layer, where attention always sees them.',
  prompt: 'A few learned vectors stand before your words. The model is untouched.',
  'p-tuning': 'A small encoder writes the learned vectors, set before or between your words.',
  'p-tuning-v2': 'Learned vectors in every layer, without an encoder, plus a new answer layer.',
  ia3: 'Keys, values and inner results of each layer are scaled by learned vectors.',
} satisfies Record<MethodName, string>;

/** Where words are written, the model's own word layer answers. */
const writingCaptions: Readonly<Partial<Record<MethodName, string>>> = {
  'linear-probe': 'The model stays as it is; only its last layer, which chooses the words, learns.',
  'p-tuning-v2': 'Learned vectors in every layer, without an encoder. The model is untouched.',
};

const recommendations = {
  full: 'This model is small enough to move every weight here, and nothing learns more.',
  'linear-probe': 'It is the quickest, needs the least memory, and cannot unlearn what the model knows.',
  'in-context': 'It needs no training at all.',
  lora: 'It usually comes close to full training with far fewer weights, and its file stays small.',
  adapter: 'It usually comes close to full training with few weights.',
  prefix: 'It leaves every weight as it came and keeps a very small file.',
  prompt: 'It keeps the smallest file of all.',
  'p-tuning': 'It keeps a very small file.',
  'p-tuning-v2': 'It keeps a very small file and learns in every layer.',
  ia3: 'It learns the fewest weights that still merge into the model.',
} satisfies Record<MethodName, string>;

/** The order of the cards, row by row: as the drawings compare best. */
const order: readonly MethodName[] = [
  'lora',
  'full',
  'linear-probe',
  'adapter',
  'prefix',
  'p-tuning-v2',
  'in-context',
  'prompt',
  'p-tuning',
  'ia3',
];

export interface MethodCard {
  readonly name: MethodName;
  readonly label: string;
  readonly caption: string;
  readonly facts: readonly { readonly term: string; readonly value: string }[];
  readonly note: string;
  readonly noteTone: 'ok' | 'care' | 'plain';
  readonly recommended: boolean;
  readonly choosable: boolean;
}

interface Context {
  readonly freeMemoryBytes: number | null;
  readonly destination: Destination | null;
  readonly task: TaskName | null;
}

export function methodCards(methods: readonly MethodView[], context: Context): readonly MethodCard[] {
  return methods
    .toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
    .map((method) => methodCard(method, context));
}

function methodCard(method: MethodView, context: Context): MethodCard {
  const { task } = context;
  const writing = task !== null && writesText(task) ? writingCaptions[method.name] : undefined;
  const [noteTone, note] = noteOf(method, context);
  return {
    name: method.name,
    label: methodLabels[method.name],
    caption: writing ?? methodCaptions[method.name],
    facts: factsOf(method),
    note,
    noteTone,
    recommended: method.recommended,
    choosable: method.supported && method.obstacle === null,
  };
}

function factsOf({ share, estimate }: MethodView): MethodCard['facts'] {
  if (share === null && estimate === null) return [];
  return [
    { term: 'learns', value: share === null ? 'not known' : shareWords(share) },
    { term: 'memory', value: estimate === null ? 'not known' : bytes(estimate.peakMemoryBytes) },
    { term: 'time', value: estimate === null ? 'not known' : duration(estimate.seconds) },
    ...(estimate?.prompt
      ? []
      : [{ term: 'file', value: estimate === null ? 'not known' : bytes(estimate.adapterBytes) }]),
  ];
}

/** Two significant digits below one percent: 0.0042 of the weights must not read as none. */
export function shareWords(share: number): string {
  if (share === 0) return '0';
  if (share > 0.9995) return '100\u00a0%';
  return share >= 0.01 ? percent(share) : `${Number((share * 100).toPrecision(2))}\u00a0%`;
}

function noteOf(
  method: MethodView,
  { freeMemoryBytes, destination }: Context,
): readonly [MethodCard['noteTone'], string] {
  if (!method.supported) return ['plain', 'Not in this version.'];
  if (method.obstacle !== null) return ['plain', sentenceOf(method.obstacle).title];
  const needed = method.estimate?.peakMemoryBytes ?? 0;
  if (freeMemoryBytes !== null && needed > freeMemoryBytes)
    return ['care', `More than the ${bytes(freeMemoryBytes)} free now`];
  if (destination !== null && !method.destinations.includes(destination)) {
    return ['plain', `Not for ${destinationLabels[destination]}; reaches ${listWords(method.destinations)}`];
  }
  return method.destinations.length === 0 ? ['plain', ''] : ['ok', `Reaches ${listWords(method.destinations)}`];
}

const shortNames = {
  here: 'this app',
  peft: 'Python',
  ollama: 'Ollama',
  'lm-studio': 'LM Studio',
  onnx: 'ONNX',
} satisfies Record<Destination, string>;

function listWords(destinations: readonly Destination[]): string {
  return destinations.map((destination) => shortNames[destination]).join(', ');
}

/** The page's sentence and why. */
export function methodTitle(cards: readonly MethodCard[]): { readonly title: string; readonly lead: string } {
  const recommended = cards.find((card) => card.recommended);
  const choosable = cards.filter((card) => card.choosable).length;
  const rest = cards.length - choosable;
  const lead = recommended
    ? recommendations[recommended.name]
    : 'The numbers below say what each one costs on this computer.';
  const missing =
    rest > 0
      ? ` ${capital(inWords(rest))} of the ${inWords(cards.length)} cannot be chosen here, ${rest === 1 ? 'for the reason it gives; its drawing is' : 'each with its reason; their drawings are'} here to compare.`
      : '';
  const start = recommended ? `; start with ${recommended.label}.` : '.';
  return { title: `${capital(inWords(cards.length))} ways to teach it${start}`, lead: `${lead}${missing}` };
}
