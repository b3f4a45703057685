/** The only door to the network: downloads from the hub, under the offline lock, each connection logged. */
import { StudioError } from '../../engine/spec/errors.ts';
import type { ConnectionView } from '../contract/views.ts';
import { createConnector } from './connection.ts';
import { createDownloads, type Downloads } from './downloads.ts';
import type { RetryOptions } from './fetch-file.ts';
import { defaultEndpoint } from './hub.ts';

export interface NetOptions {
  /** Told of every connection once it has ended. */
  readonly log: (entry: ConnectionView) => void;
  /** True: no connection is made, and one under way is broken off. */
  readonly offline: () => boolean;
  /** Downloaded models lie in `<folder>/<id>/`. */
  readonly folder: string;
  /** Address of the hub; default $HF_ENDPOINT, else https://huggingface.co. */
  readonly endpoint?: string;
  readonly freeBytes?: (folder: string) => Promise<number>;
  readonly retry?: RetryOptions;
  /** Silence, in milliseconds, after which a connection counts as broken. */
  readonly stallMs?: number;
}

export interface Net {
  readonly downloads: Downloads;
  /** Pauses what is under way. */
  dispose(): Promise<void>;
}

/** @throws StudioError `net.failed` for an endpoint that is not an address */
export function createNet(options: NetOptions): Net {
  const { log, offline, folder, freeBytes, retry = { attempts: 5, pauseMs: 500 }, stallMs = 30_000 } = options;
  const endpoint = endpointOf(options.endpoint ?? process.env['HF_ENDPOINT'] ?? defaultEndpoint);
  const connector = createConnector({ log, offline, endpoint, stallMs });
  const downloads = createDownloads({ connector, endpoint, folder, retry, ...(freeBytes && { freeBytes }) });
  return { downloads, dispose: () => downloads.dispose() };
}

function endpointOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['https:', 'http:'].includes(url.protocol)) {
    throw new StudioError('net.failed', { url: text, reason: 'this is not an address of a hub' });
  }
  return url;
}
