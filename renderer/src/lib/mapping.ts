/** Columns and what they are for: the mapping as one role a column, and back. */
import type { Columns } from '../../../engine/spec/tasks.ts';

export const mappingKinds = ['categories', 'answers', 'conversations'] as const;
export type MappingKind = (typeof mappingKinds)[number];
export type ColumnRole = 'text' | 'label' | 'prompt' | 'response' | 'messages' | 'unused';

/** What a column can be, by the kind of mapping, in the user's words. */
export const roleWords: Readonly<Record<ColumnRole, string>> = {
  text: 'text the model reads',
  label: 'category it should give',
  prompt: 'question it is asked',
  response: 'answer it should give',
  messages: 'whole conversation',
  unused: 'not used',
};

const rolesOfKind = {
  categories: ['text', 'label', 'unused'],
  answers: ['prompt', 'response', 'unused'],
  conversations: ['messages', 'unused'],
} satisfies Record<MappingKind, readonly ColumnRole[]>;

export function rolesFor(kind: MappingKind): readonly ColumnRole[] {
  return rolesOfKind[kind];
}

export function kindOf(mapping: Columns): MappingKind {
  if ('label' in mapping) return 'categories';
  return 'messages' in mapping ? 'conversations' : 'answers';
}

export function roleOf(column: string, mapping: Columns | null): ColumnRole {
  if (mapping === null) return 'unused';
  if ('messages' in mapping) return mapping.messages === column ? 'messages' : 'unused';
  if ('response' in mapping)
    return mapping.prompt === column ? 'prompt' : mapping.response === column ? 'response' : 'unused';
  if (!('label' in mapping)) return 'unused';
  if ([mapping.label].flat().includes(column)) return 'label';
  return [mapping.text].flat().includes(column) ? 'text' : 'unused';
}

export type Roles = Readonly<Record<string, ColumnRole>>;

/** Gives one column a role; roles that only one column can have are taken from the column that had it. */
export function withRole(roles: Roles, column: string, role: ColumnRole): Roles {
  const isShared = role === 'text' || role === 'unused';
  const others = Object.entries(roles).map(
    ([name, old]) => [name, !isShared && old === role ? 'unused' : old] as const,
  );
  return { ...Object.fromEntries(others), [column]: role };
}

/** The mapping that roles make, in the files' column order; or what is still missing. */
export function mappingOf(
  kind: MappingKind,
  roles: Roles,
): { readonly columns: Columns } | { readonly missing: string } {
  const named = (role: ColumnRole) => Object.keys(roles).filter((name) => roles[name] === role);
  const [messages] = named('messages');
  const [prompt] = named('prompt');
  const [response] = named('response');
  const [label] = named('label');
  const text = named('text');
  switch (kind) {
    case 'conversations':
      return messages === undefined
        ? { missing: 'Say which column holds the conversations.' }
        : { columns: { messages } };
    case 'answers':
      if (prompt === undefined) return { missing: 'Say which column holds the question.' };
      return response === undefined
        ? { missing: 'Say which column holds the answer.' }
        : { columns: { prompt, response } };
    case 'categories': {
      if (label === undefined) return { missing: 'Say which column holds the category.' };
      const [only] = text;
      if (only === undefined) return { missing: 'Say which column holds the text.' };
      return { columns: { text: text.length === 1 ? only : text, label } };
    }
  }
}

/** Columns in use with their roles, and the names of those that are not. */
export function mappingSummary(
  columns: readonly string[],
  mapping: Columns | null,
): {
  readonly used: readonly { readonly name: string; readonly words: string }[];
  readonly unused: readonly string[];
} {
  const roles = columns.map((name) => ({ name, role: roleOf(name, mapping) }));
  return {
    used: roles.filter(({ role }) => role !== 'unused').map(({ name, role }) => ({ name, words: roleWords[role] })),
    unused: roles.filter(({ role }) => role === 'unused').map(({ name }) => name),
  };
}
