/** Projects and their drafts: what the wizard decided, saved at every decision. */
import type { Database } from 'better-sqlite3';
import type { ProjectDraft } from '../contract/views.ts';

export interface ProjectRecord {
  readonly id: string;
  readonly name: string;
  readonly sample: boolean;
  readonly createdAt: string;
  readonly savedAt: string;
  readonly draft: ProjectDraft;
}

interface Row {
  id: string;
  name: string;
  sample: number;
  created_at: string;
  saved_at: string;
  draft: string;
}

export function projectsTable(database: Database) {
  const select = 'SELECT id, name, sample, created_at, saved_at, draft FROM projects JOIN drafts ON project_id = id';
  const one = database.prepare<[string], Row>(`${select} WHERE id = ?`);
  const all = database.prepare<[], Row>(
    `${select} WHERE removed_at IS NULL ORDER BY saved_at DESC, projects.rowid DESC`,
  );
  const upsert = database.prepare(`
    INSERT INTO projects (id, name, sample, created_at, saved_at) VALUES (@id, @name, @sample, @createdAt, @savedAt)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, saved_at = excluded.saved_at`);
  const upsertDraft = database.prepare(`
    INSERT INTO drafts (project_id, draft) VALUES (?, ?) ON CONFLICT (project_id) DO UPDATE SET draft = excluded.draft`);
  const remove = database.prepare('UPDATE projects SET removed_at = ? WHERE id = ?');
  const save = database.transaction(({ draft, ...project }: ProjectRecord) => {
    upsert.run({ ...project, sample: project.sample ? 1 : 0 });
    upsertDraft.run(project.id, JSON.stringify(draft));
  });
  return {
    /** Removed ones too: a link or an undo may still name them. */
    get: (id: string): ProjectRecord | null => {
      const row = one.get(id);
      return row ? recordOf(row) : null;
    },
    /** Those in sight, last saved first. */
    list: (): readonly ProjectRecord[] => all.all().map(recordOf),
    save: (project: ProjectRecord): void => {
      save(project);
    },
    /** Out of sight since `time`, or in sight again with null. */
    setRemoved: (id: string, time: string | null): void => {
      remove.run(time, id);
    },
  };
}

function recordOf(row: Row): ProjectRecord {
  return {
    id: row.id,
    name: row.name,
    sample: row.sample === 1,
    createdAt: row.created_at,
    savedAt: row.saved_at,
    // Drafts written before adapters could be trained further name none.
    draft: { start: null, ...(JSON.parse(row.draft) as Omit<ProjectDraft, 'start'>) },
  };
}
