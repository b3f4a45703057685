/** `atelier download`: fetches a model from the Hugging Face hub, checked and complete or not at all. */
import { Command } from 'commander';
import type { ConnectionView } from '../contract/views.ts';
import { createNet } from '../net/net.ts';
import { makeFolders } from '../services/paths.ts';
import { bytes } from '../../engine/spec/wording/format.ts';
import { duration } from './format.ts';
import { runAction, withJson } from './session.ts';

interface Options {
  readonly json?: boolean;
}

export function downloadCommand(): Command {
  const command = new Command('download')
    .description('fetch a model; going on where an earlier download broke off')
    .argument('<id>', 'a catalogue id, owner/name of a repository, or owner/name/file.gguf');
  return withJson(command).action((id: string, options: Options) =>
    runAction(options, async ({ output, paths, signal }) => {
      makeFolders(paths);
      using store = await openSettings(paths.store);
      const net = createNet({ log: store.log, offline: store.offline, folder: paths.models });
      const path = await net.downloads.start(id, {
        signal,
        onProgress: (view) => {
          output.event({ type: 'download', ...view });
          const left =
            view.bytesPerSecond > 0 ? `  ETA ${duration((view.totalBytes - view.bytes) / view.bytesPerSecond)}` : '';
          const speed = view.bytesPerSecond > 0 ? `  ${bytes(view.bytesPerSecond)}/s` : '';
          output.progress(`${view.state}  ${bytes(view.bytes)} of ${bytes(view.totalBytes)}${speed}${left}`);
        },
      });
      return { value: { model: id, path }, human: path };
    }),
  );
}

interface NetSettings extends Disposable {
  readonly log: (connection: ConnectionView) => void;
  readonly offline: () => boolean;
}

/** The offline lock and the log of connections are the window's: one file holds them. */
async function openSettings(path: string): Promise<NetSettings> {
  const { openStore } = await import('../store/store.ts');
  const store = openStore(path);
  return {
    log: (connection) => store.connections.add(connection),
    offline: () => store.settings.get().offline,
    [Symbol.dispose]: () => store.close(),
  };
}
