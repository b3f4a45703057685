/** One run of a terminal command: its output, its engine, how it is interrupted, and what its end is told as. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { StudioError } from '../../engine/spec/errors.ts';
import type { CommandName, Commands, Progress } from '../../engine/spec/commands.ts';
import type { CallOptions, Engine } from '../trainer/engine.ts';
import { locateModel } from '../services/models.ts';
import { studioPaths, type Paths } from '../services/paths.ts';
import { engineEnvironment } from '../trainer/environment.ts';
import { createHost } from '../trainer/host.ts';
import { forkNode } from '../trainer/process.ts';
import { exitStatus, reportFailure } from './failure.ts';
import { watchInterrupts } from './interrupt.ts';
import { Output } from './output.ts';

export interface Session {
  readonly output: Output;
  readonly paths: Paths;
  /** Aborted when the user wants an end. */
  readonly signal: AbortSignal;
  /** Asks the engine; an interrupt cancels the command. */
  call<N extends CommandName>(
    command: N,
    request: Commands[N]['request'],
    options?: CallOptions<N>,
  ): Promise<Commands[N]['reply']>;
  /** The file or folder of a model by its name; relative paths start at `folder`. */
  locate(model: string, folder: string): string;
}

/** What a command ends with: the JSON value, and the same for people (empty when it has been said already). */
export interface Result {
  readonly value: unknown;
  readonly human: string;
}

/** How long a command that was told twice to end may take to say so. */
const lastWordsMilliseconds = 1000;

export type Action = (session: Session) => Promise<Result>;

/** Runs an action with everything it needs, tells its end and sets the exit status. */
export async function runAction(options: { readonly json?: boolean }, action: Action): Promise<void> {
  const output = new Output({ json: options.json === true, stdout: process.stdout, stderr: process.stderr });
  const paths = studioPaths({ environment: process.env, platform: process.platform });
  let engine: Engine | null = null;
  using interrupt = watchInterrupts(() => {
    void engine?.dispose();
    setTimeout(() => process.exit(exitStatus.cancelled), lastWordsMilliseconds).unref();
  });
  const { signal } = interrupt;
  const session: Session = {
    output,
    paths,
    signal,
    call: (command, request, callOptions) => {
      engine ??= createHost({ fork: forkNode, env: engineEnvironment });
      return engine.call(command, request, { signal, ...callOptions });
    },
    locate: (model, folder) => locateModel(model, { folder, paths }),
  };
  try {
    const { value, human } = await action(session);
    output.result(value, human);
  } catch (thrown) {
    process.exitCode = reportFailure(thrown, output);
  } finally {
    await (engine as Engine | null)?.dispose();
  }
}

/** Shows an engine command's progress as one line. */
export function showProgress(output: Output): (progress: Progress) => void {
  return (progress) => {
    output.event({ type: 'progress', ...progress });
    output.progress(progress.total > 0 ? `${progress.note}  ${progress.done}/${progress.total}` : progress.note);
  };
}

export function existingPath(path: string): string {
  const absolute = resolve(path);
  if (!existsSync(absolute)) throw new StudioError('file.missing', { path: absolute });
  return absolute;
}

/** Adds the option all commands share. */
export function withJson(command: Command): Command {
  return command.option('--json', 'one JSON value a line on stdout: events while it works, the result last');
}

/** Readers of numbers for commander, with limits. */
export function numberBetween(
  minimum: number,
  maximum: number,
  kind: 'integer' | 'number' = 'integer',
): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if ((kind === 'integer' ? Number.isInteger(value) : Number.isFinite(value)) && value >= minimum && value <= maximum)
      return value;
    throw new InvalidArgumentError(
      `It takes ${kind === 'integer' ? 'a whole number' : 'a number'} from ${minimum} to ${maximum}.`,
    );
  };
}
