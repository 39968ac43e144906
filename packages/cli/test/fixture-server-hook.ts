/** Puts the fixture in the place of the server package, in the program under test. */
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@ash-ai/server'
      ? { url: new URL('./fixture-server.ts', import.meta.url).href, shortCircuit: true }
      : next(specifier, context),
});
