/** Names of dropped files: what they are probably for, and what a project made of them is called. */

/** Formats the data room reads. */
export const dataFormats = ['.csv', '.tsv', '.txt', '.xlsx', '.json', '.jsonl', '.ndjson', '.conll', '.docx'] as const;

/** A file with "test" as a word of its name holds the rows for the result. */
export function guessRole(name: string): 'train' | 'test' {
  return /(^|[^a-z])(test|held[-_ ]?out|eval)([^a-z]|$)/i.test(baseName(name)) ? 'test' : 'train';
}

/** The roles of several files; somebody has to be learnt from, so all-test means all-train. */
export function guessRoles(names: readonly string[]): readonly ('train' | 'test')[] {
  const roles = names.map(guessRole);
  return roles.includes('train') ? roles : roles.map(() => 'train');
}

/** "Course_feedback-2024.xlsx" → "Course feedback 2024". */
export function projectName(fileName: string): string {
  const words = baseName(fileName)
    .replace(/\.[a-z0-9]{1,6}$/i, '')
    .replace(/[_-]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const saysNothing =
    words === '' || /^(train|training|test|data|dataset|export|table|sheet|untitled)( ?\d+)?$/i.test(words);
  return saysNothing ? 'New project' : words.charAt(0).toUpperCase() + words.slice(1, 200);
}

export function baseName(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}
