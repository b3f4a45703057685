/** What the host and an engine process say to each other. Everything survives a structured clone. */
import type { CommandName, Commands } from '../../engine/spec/commands.ts';
import type { Envelope } from '../../engine/spec/errors.ts';
import type { Wish } from './engine.ts';

export type RequestMessage = {
  readonly [N in CommandName]: {
    readonly type: 'request';
    readonly id: number;
    readonly command: N;
    readonly request: Commands[N]['request'];
  };
}[CommandName];

export type ToChild =
  | RequestMessage
  | { readonly type: 'steer'; readonly id: number; readonly wish: Wish }
  | { readonly type: 'cancel'; readonly id: number };

/** `item` and the envelope's value are those of the command that `id` asked for. */
export type ToHost =
  | { readonly type: 'ready' }
  | { readonly type: 'news'; readonly id: number; readonly item: unknown }
  | { readonly type: 'reply'; readonly id: number; readonly envelope: Envelope<unknown> };
