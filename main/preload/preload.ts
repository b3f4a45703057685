/** The bridge: what the page holds as `window.studio`, every call and topic of the contract and nothing else. */
import { contextBridge, ipcRenderer, webUtils, type IpcRendererEvent } from 'electron';
import type { Bridge, News, Topic } from '../contract/index.ts';
import { callChannel, newsChannel } from './channels.ts';

const bridge: Bridge = {
  call: (method, payload) => ipcRenderer.invoke(callChannel, method, payload),
  on: <T extends Topic>(topic: T, listener: (news: News[T]) => void) => {
    const receive = (_event: IpcRendererEvent, heard: Topic, news: News[T]): void => {
      if (heard === topic) listener(news);
    };
    ipcRenderer.on(newsChannel, receive);
    return () => void ipcRenderer.off(newsChannel, receive);
  },
  pathOf: (file) => Promise.resolve(webUtils.getPathForFile(file)),
};

contextBridge.exposeInMainWorld('studio', bridge);
