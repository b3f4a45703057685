/** The menu: editing and window roles of the system, and the page's own keys by name. */
import type { BrowserWindow, KeyboardInputEvent, MenuItemConstructorOptions } from 'electron';

type Modifier = NonNullable<KeyboardInputEvent['modifiers']>[number];

interface PageKey {
  readonly label: string;
  readonly keyCode: string;
  readonly modifiers: readonly ('command-or-control' | 'shift')[];
}

/** Keys that the page listens for; the menu shows them and presses them. */
const pageKeys: readonly PageKey[] = [
  { label: 'Find anything', keyCode: 'K', modifiers: ['command-or-control'] },
  { label: 'Queue', keyCode: 'J', modifiers: ['command-or-control'] },
  { label: 'Pause or continue the run', keyCode: 'P', modifiers: ['command-or-control', 'shift'] },
  { label: 'Next part of the window', keyCode: 'F6', modifiers: [] },
];

export interface MenuOptions {
  readonly platform: NodeJS.Platform;
  /** True while the app is run from its sources. */
  readonly development: boolean;
  readonly window: () => BrowserWindow | null;
}

export function menuTemplate({ platform, development, window }: MenuOptions): MenuItemConstructorOptions[] {
  const mac = platform === 'darwin';
  return [
    ...(mac
      ? [{ role: 'appMenu' } as const]
      : [{ label: 'File', submenu: [{ role: 'quit' }] } satisfies MenuItemConstructorOptions]),
    { role: 'editMenu' },
    {
      label: 'Go',
      submenu: pageKeys.map(({ label, keyCode, modifiers }) => ({
        label,
        accelerator: [...modifiers.map((name) => (name === 'shift' ? 'Shift' : 'CmdOrCtrl')), keyCode].join('+'),
        // The page hears the keys itself; on macOS, which always takes them, the click passes them on.
        registerAccelerator: false,
        click: () => {
          press(window(), {
            keyCode,
            modifiers: modifiers.map((name) => (name === 'shift' ? 'shift' : mac ? 'meta' : 'control')),
          });
        },
      })),
    },
    {
      label: 'View',
      submenu: [
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
        ...(development ? ([{ role: 'reload' }, { role: 'toggleDevTools' }] as const) : []),
      ],
    },
    { role: 'windowMenu' },
  ];
}

function press(window: BrowserWindow | null, { keyCode, modifiers }: { keyCode: string; modifiers: Modifier[] }): void {
  window?.webContents.sendInputEvent({ type: 'keyDown', keyCode, modifiers });
  window?.webContents.sendInputEvent({ type: 'keyUp', keyCode, modifiers });
}
