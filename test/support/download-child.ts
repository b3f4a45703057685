/** A process that downloads until it is killed: arguments are the folder, the endpoint and the id. */
import { createNet } from '../../main/net/net.ts';

const [folder = '', endpoint = '', id = ''] = process.argv.slice(2);
const net = createNet({ log: () => undefined, offline: () => false, folder, endpoint });
await net.downloads.start(id, {
  onProgress: ({ bytes }) => {
    if (bytes > 4_000_000) process.send?.('under way');
  },
});
