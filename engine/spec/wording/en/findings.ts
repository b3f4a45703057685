/** The dataset doctor's findings in English, by code. */
import type { Finding } from '../../dataset.ts';

type Data = Finding['data'];

export const findingSentences: Readonly<Record<string, (data: Data) => string>> = {};

/** A finding that has no sentence yet is still told with its evidence. */
export function unknownFinding(code: string): (data: Data) => string {
  return (data) => {
    const evidence = Object.entries(data).map(([name, value]) => `${name} ${String(value)}`).join(', ');
    const title = code.replaceAll('-', ' ');
    return `${title.charAt(0).toUpperCase()}${title.slice(1)}${evidence === '' ? '' : `: ${evidence}`}.`;
  };
}
