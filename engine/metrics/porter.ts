/** Porter's stemmer (Porter, 1980, Program 14:130) with NLTK's extensions, which rouge-score uses. */

/** Forms the rules get wrong. */
const irregular: ReadonlyMap<string, string> = new Map(
  Object.entries({
    sky: 'sky',
    skies: 'sky',
    dying: 'die',
    lying: 'lie',
    tying: 'tie',
    news: 'news',
    innings: 'inning',
    inning: 'inning',
    outings: 'outing',
    outing: 'outing',
    cannings: 'canning',
    canning: 'canning',
    howe: 'howe',
    proceed: 'proceed',
    exceed: 'exceed',
    succeed: 'succeed',
  }),
);

/** @param word lower case */
export function stem(word: string): string {
  const known = irregular.get(word);
  if (known !== undefined || word.length <= 2) return known ?? word;
  return [plurals, pastAndGerund, finalY, longSuffixes, middleSuffixes, lastSuffixes, finalE, finalLl].reduce(
    (current, step) => step(current),
    word,
  );
}

/** A consonant is a letter that is no vowel; y is one where no consonant stands before it. */
function consonants(word: string): readonly boolean[] {
  const flags: boolean[] = [];
  for (const letter of word) flags.push(letter === 'y' ? flags.at(-1) !== true : !'aeiou'.includes(letter));
  return flags;
}

/** Porter's m: how often a vowel is followed by a consonant. */
function measure(word: string): number {
  const flags = consonants(word);
  return flags.filter((consonant, index) => consonant && flags[index - 1] === false).length;
}

const hasMeasure = (word: string): boolean => measure(word) > 0;
const hasLongMeasure = (word: string): boolean => measure(word) > 1;

function endsInDouble(word: string): boolean {
  return word.length >= 2 && word.at(-1) === word.at(-2) && consonants(word).at(-1) === true;
}

/** Porter's *o: consonant, vowel, consonant other than w, x, y at the end; NLTK adds two letters vowel, consonant. */
function endsShort(word: string): boolean {
  const flags = consonants(word);
  const [before, vowel, last] = [flags.at(-3), flags.at(-2), flags.at(-1)];
  if (word.length === 2) return vowel === false && last === true;
  return before === true && vowel === false && last === true && !'wxy'.includes(word.slice(-1));
}

interface Rule {
  readonly suffix: string;
  readonly by: string;
  /** Asked of the word without the suffix. */
  holds(stem: string): boolean;
}

/** The first rule whose suffix fits decides, whether or not it holds. */
function apply(word: string, rules: readonly Rule[]): string {
  const rule = rules.find(({ suffix }) => word.endsWith(suffix));
  if (rule === undefined) return word;
  const rest = word.slice(0, word.length - rule.suffix.length);
  return rule.holds(rest) ? rest + rule.by : word;
}

function rulesOf(suffixes: Readonly<Record<string, string>>, holds: Rule['holds']): readonly Rule[] {
  return Object.entries(suffixes).map(([suffix, by]) => ({ suffix, by, holds }));
}

const pluralRules = rulesOf({ sses: 'ss', ies: 'i', ss: 'ss', s: '' }, () => true);

/** Step 1a. */
function plurals(word: string): string {
  return word.length === 4 && word.endsWith('ies') ? word.slice(0, -1) : apply(word, pluralRules);
}

/** Step 1b. */
function pastAndGerund(word: string): string {
  if (word.endsWith('ied')) return word.slice(0, word.length === 4 ? -1 : -2);
  if (word.endsWith('eed')) return hasMeasure(word.slice(0, -3)) ? word.slice(0, -1) : word;
  const suffix = ['ed', 'ing'].find(
    (ending) => word.endsWith(ending) && consonants(word.slice(0, -ending.length)).includes(false),
  );
  if (suffix === undefined) return word;
  const rest = word.slice(0, -suffix.length);
  if (/(?:at|bl|iz)$/u.test(rest)) return `${rest}e`;
  if (endsInDouble(rest)) return 'lsz'.includes(rest.slice(-1)) ? rest : rest.slice(0, -1);
  return measure(rest) === 1 && endsShort(rest) ? `${rest}e` : rest;
}

/** Step 1c: y after a consonant that is not the whole rest. */
function finalY(word: string): string {
  const rest = word.slice(0, -1);
  return word.endsWith('y') && rest.length > 1 && consonants(rest).at(-1) === true ? `${rest}i` : word;
}

const longRules: readonly Rule[] = [
  ...rulesOf(
    {
      ational: 'ate',
      tional: 'tion',
      enci: 'ence',
      anci: 'ance',
      izer: 'ize',
      bli: 'ble',
      alli: 'al',
      entli: 'ent',
      eli: 'e',
      ousli: 'ous',
      ization: 'ize',
      ation: 'ate',
      ator: 'ate',
      alism: 'al',
      iveness: 'ive',
      fulness: 'ful',
      ousness: 'ous',
      aliti: 'al',
      iviti: 'ive',
      biliti: 'ble',
      fulli: 'ful',
    },
    hasMeasure,
  ),
  // The l counts as of the stem, so that geo and theo behave as archaeo.
  { suffix: 'logi', by: 'log', holds: (rest) => hasMeasure(`${rest}l`) },
];

/** Step 2; NLTK takes alli off first and looks again. */
function longSuffixes(word: string): string {
  if (word.endsWith('alli') && hasMeasure(word.slice(0, -4))) return longSuffixes(word.slice(0, -2));
  return apply(word, longRules);
}

const middleRules = rulesOf(
  { icate: 'ic', ative: '', alize: 'al', iciti: 'ic', ical: 'ic', ful: '', ness: '' },
  hasMeasure,
);

/** Step 3. */
function middleSuffixes(word: string): string {
  return apply(word, middleRules);
}

const without = (...suffixes: readonly string[]): readonly Rule[] =>
  rulesOf(Object.fromEntries(suffixes.map((suffix) => [suffix, ''])), hasLongMeasure);
const lastRules: readonly Rule[] = [
  ...without('al', 'ance', 'ence', 'er', 'ic', 'able', 'ible', 'ant', 'ement', 'ment', 'ent'),
  { suffix: 'ion', by: '', holds: (rest) => hasLongMeasure(rest) && 'st'.includes(rest.slice(-1)) },
  ...without('ou', 'ism', 'ate', 'iti', 'ous', 'ive', 'ize'),
];

/** Step 4. */
function lastSuffixes(word: string): string {
  return apply(word, lastRules);
}

/** Step 5a. */
function finalE(word: string): string {
  const rest = word.slice(0, -1);
  return word.endsWith('e') && (hasLongMeasure(rest) || (hasMeasure(rest) && !endsShort(rest))) ? rest : word;
}

/** Step 5b. */
function finalLl(word: string): string {
  return word.endsWith('ll') && hasLongMeasure(word.slice(0, -1)) ? word.slice(0, -1) : word;
}
