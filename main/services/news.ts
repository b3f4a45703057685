/** News from the services to whoever listens: windows over Electron's bridge, browsers over a socket. */
import type { News, Topic } from '../contract/index.ts';
import type { Publish } from './parts.ts';

export type NewsListener = <T extends Topic>(topic: T, news: News[T]) => void;

export interface NewsHub {
  readonly publish: Publish;
  /** Returns its own end. */
  readonly subscribe: (listener: NewsListener) => () => void;
}

export function newsHub(): NewsHub {
  const listeners = new Set<NewsListener>();
  return {
    publish: (topic, news) => {
      for (const listener of listeners) listener(topic, news);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
