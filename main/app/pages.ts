/** Answers requests for the window's own pages: files of the built window, under a strict policy, and nothing else. */
import { readFile } from 'node:fs/promises';
import { contentType, fileOf } from '../serve/files.ts';
import { contentSecurityPolicy, isOwnPage } from './policy.ts';

const headers = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

/** @param pages folder of the built window, with its index.html */
export async function answerPage(
  pages: string,
  request: { readonly url: string; readonly method: string },
): Promise<Response> {
  if (request.method !== 'GET' || !isOwnPage(request.url)) return new Response(null, { status: 403, headers });
  const file = await fileOf(pages, new URL(request.url).pathname);
  if (file === null) return new Response(null, { status: 404, headers });
  return new Response(new Uint8Array(await readFile(file)), {
    headers: { ...headers, 'content-type': contentType(file) },
  });
}
