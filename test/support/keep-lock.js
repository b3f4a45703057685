/**
 * Writes `"gypfile": false` of better-sqlite3 back into package-lock.json, after each `npm install`.
 * The package says so itself, but npm reads that from the lock file and drops it there whenever it writes one
 * (@npmcli/arborist, shrinkwrap.js, pkgMetaKeys); without it npm 10 and 11 compile a library that ships compiled.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const lock = new URL('../../package-lock.json', import.meta.url);
if (existsSync(lock)) {
  const content = JSON.parse(readFileSync(lock, 'utf8'));
  const entry = content.packages['node_modules/better-sqlite3'];
  if (entry !== undefined && entry.gypfile !== false) {
    entry.gypfile = false;
    writeFileSync(lock, `${JSON.stringify(content, null, 2)}\n`);
  }
}
