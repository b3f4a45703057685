/** The studio's window: its size, its bar in the theme's colours, and nothing of Node within reach of the page. */
import { BrowserWindow, nativeTheme, shell, type WebContents } from 'electron';
import { home, linkToOpen, mayNavigate } from './policy.ts';

/** Board and ink of the design tokens, in sRGB, for the parts that the system draws. */
const barColours = {
  light: { color: '#e9ebe6', symbolColor: '#1a2327' },
  dark: { color: '#131613', symbolColor: '#e9eae5' },
};
const barHeight = 40;

/** @param preload path of the bundled bridge */
export function createWindow(preload: string): BrowserWindow {
  const window = new BrowserWindow({
    width: 1280,
    height: 832,
    minWidth: 900,
    minHeight: 600,
    show: false,
    title: 'Atelier',
    backgroundColor: currentColours().color,
    ...titleBar(),
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      // Chromium would fetch its dictionaries from the network.
      spellcheck: false,
    },
  });
  const follow = (): void => {
    window.setBackgroundColor(currentColours().color);
    if (process.platform !== 'darwin') window.setTitleBarOverlay({ ...currentColours(), height: barHeight });
  };
  nativeTheme.on('updated', follow);
  window.once('closed', () => nativeTheme.off('updated', follow));
  window.once('ready-to-show', () => {
    window.show();
  });
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason !== 'clean-exit' && !window.isDestroyed()) window.webContents.reload();
  });
  void window.loadURL(home);
  return window;
}

/** Holds any page of the app to its place; called for every one as it is made. */
export function confine(contents: WebContents): void {
  contents.on('will-navigate', (event) => {
    if (!mayNavigate(event.url)) event.preventDefault();
  });
  contents.on('will-redirect', (event) => {
    event.preventDefault();
  });
  contents.on('will-frame-navigate', (event) => {
    if (!event.isMainFrame) event.preventDefault();
  });
  contents.on('will-attach-webview', (event) => {
    event.preventDefault();
  });
  contents.setWindowOpenHandler(({ url }) => {
    const address = linkToOpen(url);
    if (address !== null) void shell.openExternal(address);
    return { action: 'deny' };
  });
}

function titleBar(): Electron.BrowserWindowConstructorOptions {
  if (process.platform === 'darwin') return { titleBarStyle: 'hidden', trafficLightPosition: { x: 16, y: 13 } };
  return {
    titleBarStyle: 'hidden',
    titleBarOverlay: { ...currentColours(), height: barHeight },
    autoHideMenuBar: true,
  };
}

function currentColours(): { readonly color: string; readonly symbolColor: string } {
  return nativeTheme.shouldUseDarkColors ? barColours.dark : barColours.light;
}
