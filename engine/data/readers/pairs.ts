/** Rows with a text and what is to be written from it: translation and summarisation. */
import { isBlank } from '../cells.ts';
import { textReader } from '../columns.ts';
import type { PairExample } from '../examples.ts';
import { readRows, type Reading, type RoleTable } from '../reader.ts';
import { missingCells } from './cells.ts';
import { createNotes } from './notes.ts';

/** Nothing is trimmed; rows without source or target are left out. */
export function readPairs(
  tables: readonly RoleTable[],
  { source, target }: { readonly source: string; readonly target: string },
  dataset: Reading<PairExample>['dataset'],
): Reading<PairExample> {
  const notes = createNotes();
  const items = readRows(tables, (table) => {
    const [readSource, readTarget] = [textReader(table, source), textReader(table, target)];
    return (cells, place): PairExample | null => {
      const example = { row: place.row, source: readSource(cells), target: readTarget(cells) };
      if (!isBlank(example.source) && !isBlank(example.target)) return example;
      notes.note('empty-side', place);
      return null;
    };
  });
  return {
    items,
    findings: [...notes.findings(), ...missingCells(tables, [source, target])],
    show: (example) => ({ input: example.source, answer: example.target }),
    text: (example) => `${example.source}\n${example.target}`,
    dataset,
  };
}
