/**
 * Which language a text seems to be in, by its script and, in Latin letters, by its small words: enough to spot
 * strangers.
 */

const scripts: readonly (readonly [name: string, letters: RegExp])[] = [
  ['japanese', /[\u3041-\u30ff]/gu],
  ['chinese', /\p{Script=Han}/gu],
  ['korean', /\p{Script=Hangul}/gu],
  ['cyrillic', /\p{Script=Cyrillic}/gu],
  ['greek', /\p{Script=Greek}/gu],
  ['arabic', /\p{Script=Arabic}/gu],
  ['hebrew', /\p{Script=Hebrew}/gu],
  ['devanagari', /\p{Script=Devanagari}/gu],
  ['thai', /\p{Script=Thai}/gu],
];

const smallWords: Readonly<Record<string, ReadonlySet<string>>> = {
  english: new Set(
    'the and is are of to my for with you it that this not have has can when where what your from i'.split(' '),
  ),
  german: new Set(
    'der die das und ist nicht ich ein eine einen mit zu auf für sie wir es den dem von aus seit wird bitte wie'.split(
      ' ',
    ),
  ),
  french: new Set('le la les et est une un pas je pour dans que vous des au du ne mon ma mes avec sur'.split(' ')),
  spanish: new Set('el los las es una un no por con para que en se mi y del al pero'.split(' ')),
  swedish: new Set('och det att är en som inte jag på för med har ett min mitt av till kan hur'.split(' ')),
  italian: new Set('il che di è non per una un sono con gli mi della ho del'.split(' ')),
  dutch: new Set('het een van is niet ik en op voor met zijn de mijn dat naar'.split(' ')),
  portuguese: new Set('o os não uma um para com que é em do da meu minha por'.split(' ')),
};

const mostTexts = 20_000;

/** How many texts are in another language than most of them; 0 where there is no such majority. */
export function foreignTexts(texts: readonly string[]): number {
  const guesses = texts.slice(0, mostTexts).map(guess);
  const counts = new Map<string, number>();
  for (const { language } of guesses) if (language !== null) counts.set(language, (counts.get(language) ?? 0) + 1);
  const known = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const [main, most] = [...counts].toSorted((a, b) => b[1] - a[1])[0] ?? ['', 0];
  if (known < 10 || most < known * 0.6) return 0;
  return guesses.filter(
    ({ language, hits }) => language !== null && language !== main && (hits === null || (hits[main] ?? 0) === 0),
  ).length;
}

interface Guess {
  readonly language: string | null;
  /** Small words of each language; null where the script decided. */
  readonly hits: Readonly<Record<string, number>> | null;
}

function guess(text: string): Guess {
  const sample = text.slice(0, 1000);
  const letters = sample.match(/\p{L}/gu)?.length ?? 0;
  for (const [language, pattern] of scripts) {
    const share = language === 'japanese' ? 0.15 : 0.5;
    if ((sample.match(pattern)?.length ?? 0) > letters * share && letters > 3) return { language, hits: null };
  }
  const words = sample.toLowerCase().match(/\p{L}+/gu) ?? [];
  const hits: Record<string, number> = {};
  for (const [language, small] of Object.entries(smallWords))
    hits[language] = words.filter((word) => small.has(word)).length;
  const [best, second] = Object.entries(hits).toSorted((a, b) => b[1] - a[1]);
  const clear = best !== undefined && best[1] >= 2 && best[1] > (second?.[1] ?? 0);
  return { language: clear ? best[0] : null, hits };
}
