/** What the use cases are handed: the store, the engine, the network, the folders, and a way to tell news. */
import type { z } from 'zod';
import type { Contract, MethodOf, News, ReplyOf, Topic } from '../contract/index.ts';
import type { Downloads } from '../net/downloads.ts';
import type { Store } from '../store/store.ts';
import type { Engine } from '../trainer/engine.ts';
import type { Paths } from './paths.ts';

/** Every call of the contract, on a payload that has been parsed. */
export type Services = {
  readonly [M in MethodOf]: (payload: ParsedOf<M>) => ReplyOf<M> | Promise<ReplyOf<M>>;
};
export type ParsedOf<M extends MethodOf> = z.output<Contract[M]['payload']>;

export type Publish = <T extends Topic>(topic: T, news: News[T]) => void;

export interface Parts {
  readonly store: Store;
  readonly engine: Engine;
  readonly downloads: Downloads;
  readonly paths: Paths;
  readonly publish: Publish;
  readonly version: string;
}
