/** What services ask of the engine's process: the interface that `main/trainer` implements and everything else is handed. */
import type { CommandName, Commands } from '../../engine/spec/commands.ts';

/** How a long command is to go on; `stop` ends it after the step under way and keeps what there is. */
export type Wish = 'run' | 'pause' | 'stop';

export interface CallOptions<N extends CommandName> {
  readonly onNews?: (news: Commands[N]['news']) => void;
  /** Aborting it rejects the reply with a CancelledError, also inside a step. */
  readonly signal?: AbortSignal;
}

/** A command under way. */
export interface Running<N extends CommandName> {
  /** Rejects with StudioError, BugError or CancelledError; a process that died is StudioError 'engine.crashed'. */
  readonly reply: Promise<Commands[N]['reply']>;
  steer(wish: Wish): void;
  /** Ends the command now; its last checkpoint stays. No effect once it has ended. */
  cancel(): void;
}

/**
 * The engine, wherever its processes live. A process is started when it is first needed. `train` and `measure` have a
 * process each, so that a crash or a cancel in one leaves answers and data calls alone; the short commands share one.
 */
export interface Engine {
  call<N extends CommandName>(
    command: N,
    request: Commands[N]['request'],
    options?: CallOptions<N>,
  ): Promise<Commands[N]['reply']>;
  start<N extends CommandName>(command: N, request: Commands[N]['request'], options?: CallOptions<N>): Running<N>;
  /** Ends every process; commands under way reject with a CancelledError. */
  dispose(): Promise<void>;
}
