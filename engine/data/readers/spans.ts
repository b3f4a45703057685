/** Spans of a text as a cell gives them: read, checked against the text, and the text's words tagged. */
import { codePoints } from '../code-points.ts';
import type { Span } from '../examples.ts';
import { fieldOf, listOf } from '../lists.ts';

const labelNames = ['label', 'type', 'entity', 'tag', 'entity_group', 'entity_type', 'category', 'class'];
const startNames = ['start', 'begin', 'start_offset', 'from', 'start_char'];
const endNames = ['end', 'stop', 'end_offset', 'to', 'end_char'];

interface SpanFault {
  /** As the cell has it. */
  readonly span: string;
  readonly reason: string;
  /** It names no piece of the text. */
  readonly outside: boolean;
}

export interface SpanReading {
  /** In the order of the text. */
  readonly spans: readonly Span[];
  readonly faults: readonly SpanFault[];
}

/** Reads a cell's spans, in code points. */
export function readSpans(cell: unknown, text: string): SpanReading {
  if (cell === undefined || cell === null || cell === '') return { spans: [], faults: [] };
  const list = listOf(cell);
  if (list === null) {
    const fault = { span: shown(cell), reason: 'not a list of {start, end, label}', outside: true };
    return { spans: [], faults: [fault] };
  }
  const faults: SpanFault[] = [];
  const spans: Span[] = [];
  for (const one of list) {
    const span = spanOf(one);
    const reason = span === null ? 'not {start, end, label}' : outsideOf(span, text);
    if (span === null || reason !== null)
      faults.push({ span: shown(one), reason: reason ?? 'not {start, end, label}', outside: true });
    else if (blankEdges(span, text))
      faults.push({ span: shown(one), reason: 'it begins or ends with a blank', outside: false });
    else spans.push(span);
  }
  spans.sort((a, b) => a.start - b.start || a.end - b.end);
  const crossing = spans.find((span, index) => span.start < (spans[index - 1]?.end ?? 0));
  if (crossing) faults.push({ span: shown(crossing), reason: 'it overlaps another', outside: false });
  return { spans, faults };
}

/** `{start, end, label}` under the names people use, or spaCy's `[start, end, label]`. */
function spanOf(value: unknown): Span | null {
  const [start, end, label]: readonly unknown[] = Array.isArray(value)
    ? (value as readonly unknown[])
    : [fieldOf(value, startNames), fieldOf(value, endNames), fieldOf(value, labelNames)];
  if (typeof label !== 'string' || label.trim() === '') return null;
  return Number.isInteger(start) && Number.isInteger(end) ? { start: Number(start), end: Number(end), label } : null;
}

function outsideOf({ start, end }: Span, text: string): string | null {
  const { length } = codePoints(text);
  if (start < 0) return 'it begins before the text';
  if (end > length) return `it ends past the text, which has ${String(length)} characters`;
  if (start === end) return 'it is empty';
  return start > end ? 'it ends before it begins' : null;
}

function blankEdges({ start, end }: Span, text: string): boolean {
  const piece = codePoints(text).slice(start, end);
  return piece !== piece.trim();
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
