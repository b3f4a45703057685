/** The main process's end of the bridge: calls of trusted frames go to the services, news goes to our windows. */
import { BrowserWindow, ipcMain, type IpcMainInvokeEvent } from 'electron';
import { fromTrusted, type Dispatch } from '../ipc/dispatch.ts';
import type { NewsListener } from '../services/news.ts';
import { callChannel, newsChannel } from '../preload/channels.ts';
import { isOwnPage, isTrusted, type Sender } from './policy.ts';

/** Returns its own end. */
export function openBridge(dispatch: Dispatch, subscribe: (listener: NewsListener) => () => void): () => void {
  const answer = fromTrusted(isTrusted, dispatch);
  ipcMain.handle(callChannel, (event, method: unknown, payload: unknown) => answer(senderOf(event), method, payload));
  const stop = subscribe((topic, news) => {
    for (const { webContents } of BrowserWindow.getAllWindows()) {
      if (!webContents.isDestroyed() && isOwnPage(webContents.getURL())) webContents.send(newsChannel, topic, news);
    }
  });
  return () => {
    stop();
    ipcMain.removeHandler(callChannel);
  };
}

function senderOf({ senderFrame }: IpcMainInvokeEvent): Sender {
  return senderFrame === null ? { url: '', top: false } : { url: senderFrame.url, top: senderFrame.parent === null };
}
