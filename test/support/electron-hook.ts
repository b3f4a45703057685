/** Loaded with --import: `electron` becomes the stand-in of its names. */
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron'
      ? { url: new URL('electron-api.ts', import.meta.url).href, shortCircuit: true }
      : next(specifier, context),
});
