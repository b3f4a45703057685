/** Reads the text of a Word document, one row a paragraph; page headers, notes and pictures are left out. */
import { StudioError } from '../spec/errors.ts';
import { toRow, type TablePart } from './table.ts';
import { walkXml, XmlFault } from './xml.ts';
import { ArchiveFault, openArchive } from './zip.ts';

const body = 'word/document.xml';
/** Tables in tables in text boxes nest a few dozen levels; a document nested deeper is made to break its reader. */
const deepest = 256;

/** Null: the archive holds no Word document. @throws StudioError file.format, data.no-rows */
export function readDocument(bytes: Buffer, path: string): TablePart | null {
  try {
    const xml = openArchive(bytes).read(body)?.toString('utf8');
    if (xml === undefined) return null;
    const paragraphs = paragraphsOf(xml).filter((text) => text.trim() !== '');
    if (paragraphs.length === 0) throw new StudioError('data.no-rows', { path });
    const rows = paragraphs.map((text) => toRow(['text'], [text]));
    return { format: 'docx', delimiter: null, columns: ['text'], rows, findings: [] };
  } catch (error) {
    if (error instanceof ArchiveFault || error instanceof XmlFault)
      throw new StudioError('file.format', { path, reason: error.message }, { cause: error });
    throw error;
  }
}

/** A text box is written twice, the second time for old readers. */
const doubled = 'Fallback';

function paragraphsOf(xml: string): string[] {
  const paragraphs: string[] = [];
  /** Paragraphs that are open: a text box stands within one. */
  const open: string[] = [];
  let depth = 0;
  let skipped = 0;
  let inText = false;
  const add = (text: string): void => {
    if (skipped === 0 && open.length > 0) open.push((open.pop() ?? '') + text);
  };
  walkXml(xml, {
    open(name) {
      depth += 1;
      if (depth > deepest) throw new XmlFault(`nested more than ${String(deepest)} levels deep`);
      if (name === doubled) skipped += 1;
      else if (name === 'p') open.push('');
      else if (name === 'tab') add('\t');
      else if (name === 'br' || name === 'cr') add('\n');
      inText = name === 't';
    },
    text(value) {
      if (inText) add(value);
    },
    close(name) {
      depth -= 1;
      if (name === doubled) skipped -= 1;
      else if (name === 'p') {
        const text = open.pop();
        if (text !== undefined && skipped === 0) paragraphs.push(text);
      } else if (name === 't') inText = false;
    },
  });
  return paragraphs;
}
