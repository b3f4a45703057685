/** What a window may load, where it may go and what it may ask for. Pure, so that it is tested without Electron. */

export const scheme = 'atelier';
export const home = `${scheme}://studio/index.html`;

/** Scripts, frames and connections are our own alone; styles set by attribute are for the drawings. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "object-src 'none'",
].join('; ');

/** Hosts that the app's own texts link to: models with their licences, and papers. */
const linkedHosts: readonly string[] = ['huggingface.co', 'arxiv.org', 'aclanthology.org', 'github.com', 'doi.org'];

export function isOwnPage(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  return url.protocol === `${scheme}:` && url.host === 'studio' && url.username === '' && url.password === '';
}

/** Pages move within the window by fragment; anything else is no place to go. */
export function mayNavigate(address: string): boolean {
  return isOwnPage(address) && new URL(address).pathname === new URL(home).pathname;
}

/** The address to open in the person's browser for a link, or null when it is to be refused. */
export function linkToOpen(address: string): string | null {
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  const plain = url.protocol === 'https:' && url.username === '' && url.password === '' && url.port === '';
  return plain && linkedHosts.includes(url.hostname) ? url.href : null;
}

/** The window has no business on the network or in the file system: main/net and the services do that. */
export function mayLoad(address: string): boolean {
  return isOwnPage(address) || /^(data|blob|devtools):/.test(address);
}

/** Copying text is all a page of ours needs. */
export function mayUse(permission: string, address: string): boolean {
  return permission === 'clipboard-sanitized-write' && isOwnPage(address);
}

export interface Sender {
  readonly url: string;
  /** True for the window's main frame; frames inside it have no voice. */
  readonly top: boolean;
}

export function isTrusted(sender: Sender): boolean {
  return sender.top && isOwnPage(sender.url);
}
