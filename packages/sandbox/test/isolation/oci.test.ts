import { isolationConformance } from './conformance.ts';
import { providers } from './providers.ts';

for (const { title, name, make } of providers) {
  if (name === 'oci') isolationConformance({ title, name }, (stateDir) => make({ stateDir }));
}
