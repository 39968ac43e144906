import { createBubblewrapIsolation } from '../../src/isolation/bubblewrap.ts';
import { isolationConformance } from './conformance.ts';

isolationConformance('bubblewrap', (stateDir) => createBubblewrapIsolation({ stateDir }));
