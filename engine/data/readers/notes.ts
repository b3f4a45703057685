/** Notes on rows that are left out or read otherwise than they stand: told with their numbers and why. */
import type { Finding } from '../../spec/dataset.ts';
import { cellText } from '../cells.ts';
import type { Place } from '../reader.ts';
import { finding, listed, type Table } from '../table.ts';

/** What a reader notes of the rows of each file, by the code of the finding. */
export interface Notes {
  /** `reason` is said once, however many rows have it. */
  note(code: string, place: Place, reason?: string): void;
  /** Whether anything was noted of a row. */
  readonly has: (place: Place) => boolean;
  /** One finding for each code and file; its severity is `care` where none is given. */
  findings(severities?: Readonly<Record<string, Finding['severity']>>): Finding[];
}

export function createNotes(): Notes {
  const noted = new Map<string, { code: string; table: Table; rows: Set<number>; reasons: Set<string> }>();
  return {
    note(code, { table, row }, reason) {
      const key = JSON.stringify([code, table.path]);
      const one = noted.get(key) ?? { code, table, rows: new Set<number>(), reasons: new Set<string>() };
      one.rows.add(row);
      if (reason !== undefined) one.reasons.add(reason);
      noted.set(key, one);
    },
    has: ({ table, row }) => [...noted.values()].some((one) => one.table === table && one.rows.has(row)),
    findings: (severities = {}) =>
      [...noted.values()].map(({ code, table, rows, reasons }) =>
        finding(code, severities[code] ?? 'care', {
          file: table.name,
          count: rows.size,
          rows: listed([...rows]),
          reasons: listed([...reasons], 5),
          ...(table.format === 'jsonl' ? { lines: listed([...rows]) } : {}),
          ...idsOf(table, rows),
        }),
      ),
  };
}

/** The identifiers that rows bring with them, by which their owner knows them. */
function idsOf(table: Table, rows: ReadonlySet<number>): { ids?: string } {
  if (!table.columns.includes('id')) return {};
  return { ids: listed([...rows].map((row) => cellText(table.rows[row - 1]?.id))) };
}
