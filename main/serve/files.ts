/** The window's files over HTTP: types, caching, and no way out of their folder. */
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.txt': 'text/plain; charset=utf-8',
};

/** The real path of a file inside `root` for a URL's path, or null: outside, a folder, hidden, absent, of no known type. */
export async function fileOf(root: string, pathname: string): Promise<string | null> {
  let decoded: string;
  try {
    decoded = decodeURIComponent(pathname);
  } catch {
    return null;
  }
  const parts = decoded.split('/').filter((part) => part !== '');
  if (parts.some((part) => part.startsWith('.') || part.includes('\\') || part.includes('\0') || part.includes(':')))
    return null;
  const wanted = parts.length === 0 ? 'index.html' : join(...parts);
  if (types[extname(wanted)] === undefined) return null;
  try {
    const [base, file] = await Promise.all([realpath(root), realpath(join(root, wanted))]);
    if (!file.startsWith(base + sep) || !(await stat(file)).isFile()) return null;
    return file;
  } catch {
    return null;
  }
}

export function contentType(file: string): string {
  return types[extname(file)] ?? 'application/octet-stream';
}

export async function sendFile(file: string, response: ServerResponse, head: boolean): Promise<void> {
  const { size } = await stat(file);
  response.writeHead(200, { 'content-type': contentType(file), 'content-length': size, 'cache-control': 'no-cache' });
  if (head) response.end();
  else await pipeline(createReadStream(file), response);
}
