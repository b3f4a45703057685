/** Calls from a window: the sender is checked, the payload parsed, the reply put in an envelope. Electron and serve share it. */
import type { z } from 'zod';
import { StudioError, toEnvelope, type Envelope } from '../../engine/spec/errors.ts';
import { parseField } from '../../engine/spec/recipe.ts';
import { contract, type MethodOf } from '../contract/index.ts';
import type { ParsedOf, Services } from '../services/parts.ts';

export type Dispatch = (method: unknown, payload: unknown) => Promise<Envelope<unknown>>;

/** Never throws: what goes wrong is in the envelope. A method outside the contract is 'request.invalid'. */
export function dispatch(services: Services): Dispatch {
  return async (method, payload) => {
    try {
      if (!isMethod(method)) {
        throw new StudioError('request.invalid', {
          method: String(method),
          path: 'method',
          value: String(method),
          legal: Object.keys(contract).join(', '),
        });
      }
      return { ok: true, value: await answer(services, method, payload) };
    } catch (error) {
      return { ok: false, error: toEnvelope(error) };
    }
  };
}

/** Refuses calls whose sender is not one of ours: a frame from elsewhere, a page that navigated away. */
export function fromTrusted<Sender>(
  trusted: (sender: Sender) => boolean,
  inner: Dispatch,
): (sender: Sender, method: unknown, payload: unknown) => Promise<Envelope<unknown>> {
  return async (sender, method, payload) =>
    trusted(sender)
      ? await inner(method, payload)
      : { ok: false, error: toEnvelope(new StudioError('request.refused', { reason: 'sender' })) };
}

/** Parses a payload by the contract. Throws 'request.invalid' with the path, the value and what is legal. */
export function parsePayload<M extends MethodOf>(method: M, payload: unknown): ParsedOf<M> {
  try {
    const schema: z.ZodType = contract[method].payload;
    return parseField(schema, payload ?? {}, '') as ParsedOf<M>;
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    const { path, value, legal } = (error as StudioError<'recipe.field'>).data;
    throw new StudioError('request.invalid', { method, path: path === 'recipe' ? 'payload' : path, value, legal });
  }
}

async function answer<M extends MethodOf>(services: Services, method: M, payload: unknown): Promise<unknown> {
  return await services[method](parsePayload(method, payload));
}

function isMethod(method: unknown): method is MethodOf {
  return typeof method === 'string' && Object.hasOwn(contract, method);
}
