/** The menu shows the page's keys without taking them, and the developer's tools only where the app runs from sources. */
import { expect, test } from 'vitest';
import { menuTemplate } from '../../../main/app/menu.ts';

function items(platform: NodeJS.Platform, development: boolean): string[] {
  return menuTemplate({ platform, development, window: () => null }).flatMap((menu) =>
    Array.isArray(menu.submenu) ? menu.submenu.map((item) => item.role ?? item.accelerator ?? '') : [menu.role ?? ''],
  );
}

test('keys by name on every system', () => {
  expect(items('linux', false)).toEqual([
    'quit',
    'editMenu',
    'CmdOrCtrl+K',
    'CmdOrCtrl+J',
    'CmdOrCtrl+Shift+P',
    'F6',
    'resetZoom',
    'zoomIn',
    'zoomOut',
    '',
    'togglefullscreen',
    'windowMenu',
  ]);
  expect(items('darwin', false)[0]).toBe('appMenu');
});

test('reloading and the tools of developers stay out of the packaged app', () => {
  expect([items('win32', true).includes('toggleDevTools'), items('win32', false).includes('toggleDevTools')]).toEqual([
    true,
    false,
  ]);
});

test('a page key is pressed in the page, as the system spells it', () => {
  const pressed: unknown[] = [];
  const window = { webContents: { sendInputEvent: (event: unknown) => pressed.push(event) } };
  const [, , go] = menuTemplate({ platform: 'darwin', development: false, window: () => window as never });
  const first = Array.isArray(go?.submenu) ? go.submenu[0] : undefined;
  first?.click?.({} as never, undefined, {});
  expect(pressed).toEqual([
    { type: 'keyDown', keyCode: 'K', modifiers: ['meta'] },
    { type: 'keyUp', keyCode: 'K', modifiers: ['meta'] },
  ]);
});
