/** The window's rules: its own pages and nothing else, its main frame and no other, links only to known https hosts. */
import { expect, test } from 'vitest';
import {
  contentSecurityPolicy,
  home,
  isOwnPage,
  isTrusted,
  linkToOpen,
  mayLoad,
  mayNavigate,
  mayUse,
} from '../../../main/app/policy.ts';

const foreign = [
  'https://studio/index.html',
  'file:///etc/passwd',
  'atelier://other/index.html',
  'atelier://studio.example.com/index.html',
  'atelier://me:secret@studio/index.html',
  'atelier:studio',
  'http://127.0.0.1:4173/',
  'javascript:alert(1)',
  'about:blank',
  'not an address',
  '',
];

test('the home page is ours, in and outside', () => {
  expect([
    isOwnPage(home),
    mayNavigate(home),
    mayNavigate(`${home}#/data`),
    mayLoad(home),
    isTrusted({ url: home, top: true }),
  ]).toEqual(Array.from({ length: 5 }, () => true));
});

test.each(foreign)('%s is not ours: not trusted, not gone to, no rights', (url) => {
  expect([
    isOwnPage(url),
    mayNavigate(url),
    isTrusted({ url, top: true }),
    mayUse('clipboard-sanitized-write', url),
  ]).toEqual([false, false, false, false]);
});

test('a frame inside the page has no voice', () => {
  expect(isTrusted({ url: home, top: false })).toBe(false);
});

test('other files of ours are no pages to go to', () => {
  expect(mayNavigate('atelier://studio/assets/index.js')).toBe(false);
});

test.each([
  'https://example.com/x.js',
  'http://localhost/',
  'ws://localhost/',
  'file:///etc/passwd',
  'ftp://example.com',
])('nothing is loaded from %s', (url) => {
  expect(mayLoad(url)).toBe(false);
});

test.each(['media', 'geolocation', 'notifications', 'clipboard-read', 'openExternal', 'fileSystem', 'display-capture'])(
  'the right to %s is denied to our own page too',
  (permission) => {
    expect(mayUse(permission, home)).toBe(false);
  },
);

test('copying is allowed to our page', () => {
  expect(mayUse('clipboard-sanitized-write', home)).toBe(true);
});

test.each([
  [
    'https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct',
    'https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct',
  ],
  ['https://arxiv.org/abs/2106.09685', 'https://arxiv.org/abs/2106.09685'],
  ['http://huggingface.co/', null],
  ['https://huggingface.co.example.com/', null],
  ['https://me@huggingface.co/', null],
  ['https://huggingface.co:8443/', null],
  ['https://example.com/', null],
  ['file:///etc/passwd', null],
  ['smb://host/share', null],
  ['', null],
])('a link to %s opens %s', (link, opened) => {
  expect(linkToOpen(link)).toBe(opened);
});

test('the policy lets no script, frame or connection in from elsewhere', () => {
  const rules = new Map<string, readonly string[]>();
  for (const rule of contentSecurityPolicy.split('; ')) {
    const [name = '', ...sources] = rule.split(' ');
    rules.set(name, sources);
  }
  expect(Object.fromEntries(rules)).toMatchObject({
    'default-src': ["'none'"],
    'script-src': ["'self'"],
    'connect-src': ["'self'"],
    'frame-ancestors': ["'none'"],
  });
  expect(contentSecurityPolicy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe/);
});
