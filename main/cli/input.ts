/** Standard input as a text, given up when the user wants an end. */
import { addAbortSignal } from 'node:stream';
import { text } from 'node:stream/consumers';

export async function readInput(signal: AbortSignal): Promise<string> {
  return await text(addAbortSignal(signal, process.stdin));
}
