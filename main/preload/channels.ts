/** Names of the channels between a window and the main process: written here and nowhere else. */
export const callChannel = 'studio:call';
export const newsChannel = 'studio:news';
