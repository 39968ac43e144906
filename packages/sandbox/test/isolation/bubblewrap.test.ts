import { createBubblewrapIsolation } from '../../src/isolation/bubblewrap.ts';
import { isolationConformance } from './conformance.ts';

isolationConformance({ title: 'bubblewrap', name: 'bubblewrap' }, (stateDir) =>
  createBubblewrapIsolation({ stateDir }),
);
