/** Electron's names as main/app uses them, for running the bundled main process under Node where the binary cannot be had. */
import { fork as forkNode } from 'node:child_process';
import { EventEmitter } from 'node:events';

type Handler = (...parts: unknown[]) => unknown;

/** What the main process asked of Electron, for the test to look at. */
export const seen = {
  handlers: new Map<string, Handler>(),
  pages: null as ((request: { url: string; method: string }) => Promise<Response>) | null,
  windows: [] as BrowserWindow[],
  privileged: [] as unknown[],
  permission: null as Handler | null,
  load: null as Handler | null,
  boxes: [] as string[][],
  menu: null as unknown,
  exit: Promise.withResolvers<number>(),
  order: [] as string[],
};

class App extends EventEmitter {
  readonly isPackaged = false;
  setPath(name: string, path: string): void {
    seen.order.push(`path ${name} ${path}`);
  }
  setName(): void {
    seen.order.push('name');
  }
  requestSingleInstanceLock(): boolean {
    return process.env['SECOND_INSTANCE'] === undefined;
  }
  enableSandbox(): void {
    seen.order.push('sandbox');
  }
  whenReady(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(() => {
        seen.order.push('ready');
        resolve();
      });
    });
  }
  quit(): void {
    let prevented = false;
    this.emit('before-quit', { preventDefault: () => (prevented = true) });
    if (!prevented) this.exit(0);
  }
  exit(code: number): void {
    seen.exit.resolve(code);
  }
}
export const app = new App();

export class WebContents extends EventEmitter {
  url = '';
  readonly sent: unknown[][] = [];
  opener: ((details: { url: string }) => { action: string }) | null = null;
  isDestroyed(): boolean {
    return false;
  }
  getURL(): string {
    return this.url;
  }
  send(...news: unknown[]): void {
    this.sent.push(news);
  }
  setWindowOpenHandler(opener: (details: { url: string }) => { action: string }): void {
    this.opener = opener;
  }
}

export class BrowserWindow extends EventEmitter {
  static getAllWindows(): BrowserWindow[] {
    return seen.windows;
  }
  readonly webContents = new WebContents();
  readonly options: { readonly webPreferences: Readonly<Record<string, unknown>> };
  focused = 0;
  constructor(options: { readonly webPreferences: Readonly<Record<string, unknown>> }) {
    super();
    this.options = options;
    seen.windows.push(this);
    app.emit('web-contents-created', {}, this.webContents);
  }
  loadURL(url: string): Promise<void> {
    this.webContents.url = url;
    return Promise.resolve();
  }
  isMinimized(): boolean {
    return false;
  }
  focus(): void {
    this.focused += 1;
  }
  isDestroyed(): boolean {
    return false;
  }
  setBackgroundColor(): void {
    seen.order.push('background');
  }
  setTitleBarOverlay(): void {
    seen.order.push('overlay');
  }
}

class NativeTheme extends EventEmitter {
  themeSource = 'system';
  readonly shouldUseDarkColors = false;
}
export const nativeTheme = new NativeTheme();

export const ipcMain = {
  handle: (channel: string, handler: Handler) => seen.handlers.set(channel, handler),
  removeHandler: (channel: string) => seen.handlers.delete(channel),
};
export const protocol = {
  registerSchemesAsPrivileged: (schemes: unknown[]) => seen.order.push(`privileged ${JSON.stringify(schemes)}`),
  handle: (_scheme: string, pages: (request: { url: string; method: string }) => Promise<Response>) => {
    seen.pages = pages;
  },
};
export const session = {
  defaultSession: {
    setPermissionRequestHandler: (handler: Handler) => {
      seen.permission = handler;
    },
    setPermissionCheckHandler: () => undefined,
    setDevicePermissionHandler: () => undefined,
    webRequest: {
      onBeforeRequest: (_filter: unknown, handler: Handler) => {
        seen.load = handler;
      },
    },
  },
};
export const dialog = {
  showErrorBox: (...texts: string[]) => seen.boxes.push(texts),
  showMessageBoxSync: () => 0,
};
export const Menu = {
  buildFromTemplate: (template: unknown) => template,
  setApplicationMenu: (menu: unknown) => {
    seen.menu = menu;
  },
};
export const Notification = { isSupported: () => false };
export const powerSaveBlocker = { start: () => 1, stop: () => undefined };
export const shell = { openExternal: () => Promise.resolve() };

/** A utility process is a Node process whose messages are called otherwise. */
export const utilityProcess = {
  fork: (entry: string, parameters: string[], { env, execArgv }: { env: NodeJS.ProcessEnv; execArgv: string[] }) => {
    const child = forkNode(entry, parameters, {
      env,
      execArgv,
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    return Object.assign(child, { postMessage: (message: object) => child.send(message, () => undefined) });
  },
};
