/** The bin `atelier`: the studio's work from a terminal. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { StudioError } from '../engine/spec/errors.ts';
import { downloadCommand } from './cli/download.ts';
import { estimateCommand } from './cli/estimate.ts';
import { evaluateCommand } from './cli/evaluate.ts';
import { exportCommand } from './cli/export.ts';
import { exitStatus, reportFailure } from './cli/failure.ts';
import { generateCommand } from './cli/generate.ts';
import { importCommand } from './cli/import.ts';
import { inspectCommand } from './cli/inspect.ts';
import { Output } from './cli/output.ts';
import { schemaCommand } from './cli/schema.ts';
import { serveCommand } from './cli/serve.ts';
import { trainCommand } from './cli/train.ts';

const commands = [
  inspectCommand,
  estimateCommand,
  trainCommand,
  evaluateCommand,
  generateCommand,
  exportCommand,
  importCommand,
  downloadCommand,
  serveCommand,
  schemaCommand,
];

const output = new Output({ json: process.argv.includes('--json'), stdout: process.stdout, stderr: process.stderr });
const fail = (thrown: unknown) => {
  process.exitCode = reportFailure(thrown, output);
};
process.on('uncaughtException', (thrown) => {
  fail(thrown);
  process.exit();
});
endWithParent();
try {
  await program().parseAsync();
} catch (thrown) {
  if (thrown instanceof CommanderError) refuse(thrown);
  else fail(thrown);
}

/** Help that was asked for is no failure; help that was shown for want of a command says enough. */
function refuse({ code, exitCode, message }: CommanderError): void {
  if (code === 'commander.help') process.exitCode = exitStatus.remedy;
  else if (exitCode !== 0)
    fail(new StudioError('usage', { command: commandName(), reason: message.replace(/^error: /, '') }));
}

function program(): Command {
  const atelier = new Command('atelier')
    .description('Fine-tunes language models on your own data, on your own computer.')
    .version(version(), '--version')
    .addHelpText(
      'after',
      '\nEach command explains itself: atelier train --help\nExit status: 0 done, 1 a fault of ours, 2 something you can remedy, 130 cancelled.',
    );
  for (const command of commands) atelier.addCommand(command());
  for (const command of [atelier, ...atelier.commands]) {
    command
      .exitOverride()
      .helpOption('-h, --help', 'show this')
      .helpCommand(false)
      .configureOutput({ outputError: () => undefined });
  }
  return atelier;
}

/** The command that was meant, as it is typed. */
function commandName(): string {
  const name = process.argv[2] ?? '';
  return commands.some((command) => command().name() === name) ? `atelier ${name}` : 'atelier';
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return version;
}

/** The bin keeps a channel open to this process; when it is killed outright, the work ends too. */
function endWithParent(): void {
  if (process.channel === undefined) return;
  process.on('disconnect', () => process.exit(1));
  process.channel?.unref();
}
