/** `atelier serve`: the studio in a browser, on this computer only. */
import { Command } from 'commander';
import { numberBetween, runAction, withJson } from './session.ts';

interface Options {
  readonly port: number;
  readonly open: boolean;
  readonly json?: boolean;
}

export function serveCommand(): Command {
  const command = new Command('serve')
    .description('open the studio in the browser')
    .option('--port <n>', 'the port; 0 takes a free one', numberBetween(0, 65_535), 0)
    .option('--no-open', 'only print the address');
  return withJson(command).action((options: Options) =>
    runAction(options, async ({ output, signal }) => {
      const [{ startStudio }, { buildPages, isStale }] = await Promise.all([
        import('../main.ts'),
        import('../build/build.ts'),
      ]);
      if (isStale('pages')) {
        output.note('Building the pages …');
        await buildPages();
      }
      const studio = await startStudio({ port: options.port, open: options.open });
      output.event({ type: 'serving', address: studio.address });
      output.piece(`${studio.address}\n`);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      await studio.close();
      return { value: { type: 'closed' }, human: '' };
    }),
  );
}
