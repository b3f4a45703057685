/** The rule for redirects, and what of an address may be shown. */
import { expect, test } from 'vitest';
import { mayFollow, withoutSecrets } from '../../../main/net/connection.ts';

test.each([
  ['https://cdn.example/x', 'https://huggingface.co', true],
  ['http://cdn.example/x', 'https://huggingface.co', false],
  ['http://127.0.0.1:80/x', 'https://huggingface.co', false],
  ['file:///etc/passwd', 'https://huggingface.co', false],
  ['http://mirror.example/x', 'http://mirror.example', true],
  ['http://other.example/x', 'http://mirror.example', false],
  ['http://localhost:9/x', 'http://127.0.0.1:8', true],
  ['http://127.0.0.1.example.com/x', 'http://127.0.0.1:8', false],
])('a redirect to %s under %s: %s', (target, endpoint, allowed) => {
  expect(mayFollow(new URL(target), new URL(endpoint))).toBe(allowed);
});

test('a shown address has no query, user or password', () => {
  expect(withoutSecrets(new URL('https://me:secret@host.example/a/b?X-Amz-Signature=1#frag'))).toBe(
    'https://host.example/a/b',
  );
});
