/** The composition root under Electron: one instance, its window, its pages, its bridge, and how it ends. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  app,
  dialog,
  Menu,
  nativeTheme,
  Notification,
  powerSaveBlocker,
  protocol,
  session,
  type BrowserWindow,
} from 'electron';
import { toEnvelope, type Envelope } from '../../engine/spec/errors.ts';
import { sentenceOf, verdictSentence } from '../../engine/spec/wording/index.ts';
import type { RunView, SettingsView } from '../contract/views.ts';
import { dispatch, type Dispatch } from '../ipc/dispatch.ts';
import type { Services } from '../services/parts.ts';
import { studioPaths } from '../services/paths.ts';
import { openStudio, type OpenStudio } from '../services/studio.ts';
import { engineEnvironment } from '../trainer/environment.ts';
import { createHost } from '../trainer/host.ts';
import { openBridge } from './bridge.ts';
import { forkUtility } from './fork.ts';
import { menuTemplate } from './menu.ts';
import { answerPage } from './pages.ts';
import { mayLoad, mayUse, scheme } from './policy.ts';
import { firstClause, watchRuns, type RunWatch } from './run-watch.ts';
import { confine, createWindow } from './window.ts';

/** Files of the bundle: this module lies in `dist/app/`. */
const bundle = {
  pages: fileURLToPath(new URL('../renderer', import.meta.url)),
  preload: fileURLToPath(new URL('../preload/preload.cjs', import.meta.url)),
  manifest: new URL('../../package.json', import.meta.url),
};

// Not awaited: Electron is ready only once this module has been read to its end.
void run();

async function run(): Promise<void> {
  const paths = studioPaths({
    environment: process.env,
    platform: process.platform,
    ...(app.isPackaged && { assets: process.resourcesPath }),
  });
  app.setPath('userData', join(paths.home, 'window'));
  app.setName('Atelier');
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return;
  }
  app.enableSandbox();
  protocol.registerSchemesAsPrivileged([
    { scheme, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ]);
  app.on('web-contents-created', (_event, contents) => {
    confine(contents);
  });
  await app.whenReady();
  guardSession();
  const { version } = JSON.parse(readFileSync(bundle.manifest, 'utf8')) as { readonly version: string };
  try {
    live(await openStudio({ paths, engine: createHost({ fork: forkUtility, env: engineEnvironment }), version }));
  } catch (error) {
    const { title, cause, remedy } = sentenceOf(toEnvelope(error));
    dialog.showErrorBox(title, `${cause}\n\n${remedy}`);
    app.exit(2);
  }
}

function guardSession(): void {
  const own = session.defaultSession;
  protocol.handle(scheme, (request) => answerPage(bundle.pages, request));
  own.setPermissionRequestHandler((...[, permission, answer, { requestingUrl }]) => {
    answer(mayUse(permission, requestingUrl));
  });
  own.setPermissionCheckHandler((_contents, permission, origin) => mayUse(permission, origin));
  own.setDevicePermissionHandler(() => false);
  own.webRequest.onBeforeRequest({ urls: ['<all_urls>'] }, ({ url }, answer) => {
    answer({ cancel: !mayLoad(url) });
  });
}

function live(studio: OpenStudio): void {
  let window: BrowserWindow | null = null;
  const show = (): void => {
    if (window === null) {
      window = createWindow(bundle.preload);
      window.once('closed', () => {
        window = null;
      });
      return;
    }
    if (window.isMinimized()) window.restore();
    window.focus();
  };
  const watch = watchRuns({
    training: keepAwake(),
    ended: (run) => void announce(run, { services: studio.services, window, show }),
  });
  const stopWatch = studio.subscribe((topic, news) => {
    if (topic === 'run') watch.see(news as RunView);
  });
  const closeBridge = openBridge(followingTheme(dispatch(studio.services)), studio.subscribe);
  Menu.setApplicationMenu(
    Menu.buildFromTemplate(
      menuTemplate({ platform: process.platform, development: !app.isPackaged, window: () => window }),
    ),
  );
  app.on('second-instance', show);
  app.on('activate', show);
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  const close = async (): Promise<void> => {
    stopWatch();
    closeBridge();
    await studio.close();
  };
  endWith(watch, { close, show });
  show();
}

/** Asks before it ends a run, then lets the engine stop before the process does. */
function endWith(watch: RunWatch, { close, show }: { close: () => Promise<void>; show: () => void }): void {
  let ending = false;
  app.on('before-quit', (event) => {
    event.preventDefault();
    if (ending) return;
    if (watch.training && !confirmed()) {
      show();
      return;
    }
    ending = true;
    void close().finally(() => {
      app.exit(0);
    });
  });
}

function confirmed(): boolean {
  const choice = dialog.showMessageBoxSync({
    type: 'question',
    message: 'A run is under way. Quit now?',
    detail: 'It is kept up to its last checkpoint, and Atelier offers to continue it when it opens again.',
    buttons: ['Quit', 'Keep training'],
    defaultId: 1,
    cancelId: 1,
  });
  return choice === 0;
}

function keepAwake(): (training: boolean) => void {
  let blocker: number | null = null;
  return (training) => {
    if (training) blocker ??= powerSaveBlocker.start('prevent-app-suspension');
    else if (blocker !== null) {
      powerSaveBlocker.stop(blocker);
      blocker = null;
    }
  };
}

async function announce(
  run: RunView,
  { services, window, show }: { services: Services; window: BrowserWindow | null; show: () => void },
): Promise<void> {
  if (!Notification.isSupported() || window?.isFocused() === true) return;
  const note = new Notification({ title: run.name, body: await endOf(run, services) });
  note.on('click', show);
  note.show();
}

async function endOf(run: RunView, services: Services): Promise<string> {
  if (run.state === 'failed') return run.error === null ? 'The run failed.' : sentenceOf(run.error).title;
  try {
    return firstClause(verdictSentence((await services.runResult({ runId: run.id })).verdict));
  } catch {
    return 'The run is done.';
  }
}

/** The system draws the window's bar: it takes the theme of the settings, now and after each change. */
function followingTheme(inner: Dispatch): Dispatch {
  return async (method, payload) => {
    const reply = await inner(method, payload);
    if (method === 'getSettings' || method === 'setSettings') takeTheme(reply as Envelope<SettingsView>);
    return reply;
  };
}

function takeTheme(reply: Envelope<SettingsView>): void {
  if (reply.ok) nativeTheme.themeSource = reply.value.theme;
}
