/** Who may speak to the loopback server: Host, Origin and token of a request. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export const tokenHeader = 'x-atelier-token';

/** Names under which a browser on this computer reaches the port; anything else is a rebound name. */
export function ownOrigins(port: number): readonly string[] {
  return [`http://127.0.0.1:${String(port)}`, `http://localhost:${String(port)}`];
}

/** Host is one of ours, and Origin, where there is one, as well: no page from elsewhere, no rebound DNS name. */
export function isOurs(request: IncomingMessage, port: number): boolean {
  const origins = ownOrigins(port);
  const { host, origin } = request.headers;
  return origins.includes(`http://${host ?? ''}`) && (origin === undefined || origins.includes(origin));
}

/** Compares in constant time; the token stands in the header or in the query. */
export function hasToken(request: IncomingMessage, url: URL, token: string): boolean {
  const given = request.headers[tokenHeader] ?? url.searchParams.get('token');
  if (typeof given !== 'string') return false;
  const [left, right] = [Buffer.from(given), Buffer.from(token)];
  return left.length === right.length && timingSafeEqual(left, right);
}
