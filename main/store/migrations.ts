/** The store's history: numbered steps in a literal list, each run once, in one transaction. Never edited once shipped. */
import type { Database } from 'better-sqlite3';

export interface Migration {
  readonly version: number;
  readonly apply: (database: Database) => void;
}

/** Append only. `version` is what `PRAGMA user_version` says afterwards. */
export const migrations: readonly Migration[] = [
  { version: 1, apply: projectsAndData },
  { version: 2, apply: runs },
  { version: 3, apply: settingsModelsConnections },
];

function projectsAndData(database: Database): void {
  database.exec(`
    CREATE TABLE projects (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      sample INTEGER NOT NULL CHECK (sample IN (0, 1)),
      created_at TEXT NOT NULL,
      saved_at TEXT NOT NULL,
      removed_at TEXT
    ) STRICT;
    CREATE TABLE drafts (
      project_id TEXT PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
      draft TEXT NOT NULL CHECK (json_valid(draft))
    ) STRICT;
    CREATE TABLE datasets (
      project_id TEXT PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
      mapping TEXT CHECK (json_valid(mapping)),
      split TEXT NOT NULL CHECK (json_valid(split)),
      findings TEXT NOT NULL CHECK (json_valid(findings)),
      report TEXT NOT NULL CHECK (json_valid(report))
    ) STRICT;
    CREATE TABLE dataset_files (
      project_id TEXT NOT NULL REFERENCES datasets (project_id) ON DELETE CASCADE,
      position INTEGER NOT NULL,
      role TEXT NOT NULL CHECK (role IN ('train', 'validation', 'test')),
      path TEXT NOT NULL,
      bytes INTEGER NOT NULL,
      sha256 TEXT NOT NULL,
      PRIMARY KEY (project_id, position)
    ) STRICT, WITHOUT ROWID;
  `);
}

function runs(database: Database): void {
  database.exec(`
    CREATE TABLE recipes (
      sha256 TEXT PRIMARY KEY,
      recipe TEXT NOT NULL CHECK (json_valid(recipe))
    ) STRICT;
    CREATE TABLE runs (
      id TEXT PRIMARY KEY,
      project_id TEXT REFERENCES projects (id) ON DELETE SET NULL,
      name TEXT NOT NULL,
      state TEXT NOT NULL,
      task TEXT NOT NULL,
      method TEXT NOT NULL,
      model TEXT NOT NULL,
      model_path TEXT NOT NULL,
      recipe TEXT NOT NULL REFERENCES recipes (sha256),
      folder TEXT NOT NULL UNIQUE,
      queued_at INTEGER NOT NULL,
      started_at TEXT NOT NULL,
      finished_at TEXT,
      step INTEGER NOT NULL,
      steps INTEGER NOT NULL,
      kept_step INTEGER,
      steps_per_epoch INTEGER NOT NULL,
      truncated_rows INTEGER NOT NULL,
      memory_bytes INTEGER NOT NULL,
      phase TEXT,
      metrics TEXT CHECK (json_valid(metrics)),
      error TEXT CHECK (json_valid(error))
    ) STRICT;
    CREATE INDEX runs_of_project ON runs (project_id, queued_at);
    CREATE TABLE events (
      run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
      position INTEGER NOT NULL,
      time REAL NOT NULL,
      type TEXT NOT NULL,
      event TEXT NOT NULL CHECK (json_valid(event)),
      PRIMARY KEY (run_id, position)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE steps (
      run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
      step INTEGER NOT NULL,
      loss REAL NOT NULL,
      learning_rate REAL NOT NULL,
      grad_norm REAL NOT NULL,
      rows INTEGER NOT NULL,
      tokens INTEGER NOT NULL,
      seconds REAL NOT NULL,
      memory_bytes INTEGER NOT NULL,
      PRIMARY KEY (run_id, step)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE evaluations (
      run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
      step INTEGER NOT NULL,
      epoch REAL NOT NULL,
      loss REAL NOT NULL,
      metrics TEXT NOT NULL CHECK (json_valid(metrics)),
      kept INTEGER NOT NULL CHECK (kept IN (0, 1)),
      samples TEXT NOT NULL CHECK (json_valid(samples)),
      PRIMARY KEY (run_id, step)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE checkpoints (
      run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
      step INTEGER NOT NULL,
      time REAL NOT NULL,
      PRIMARY KEY (run_id, step)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE adapters (
      run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      bytes INTEGER NOT NULL,
      sha256 TEXT NOT NULL,
      PRIMARY KEY (run_id, name)
    ) STRICT;
    CREATE INDEX adapters_of_blob ON adapters (sha256);
    CREATE TABLE blobs (
      sha256 TEXT PRIMARY KEY,
      content BLOB NOT NULL
    ) STRICT;
  `);
}

function settingsModelsConnections(database: Database): void {
  database.exec(`
    CREATE TABLE settings (
      name TEXT PRIMARY KEY,
      value TEXT NOT NULL CHECK (json_valid(value))
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE models (
      path TEXT PRIMARY KEY,
      summary TEXT NOT NULL CHECK (json_valid(summary)),
      added_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE connections (
      id INTEGER PRIMARY KEY,
      time TEXT NOT NULL,
      url TEXT NOT NULL,
      bytes INTEGER NOT NULL,
      outcome TEXT NOT NULL
    ) STRICT;
  `);
}
