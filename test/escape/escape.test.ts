/** The escape suite behind bubblewrap, the default. */
import { escapeSuite } from './suite.ts';

escapeSuite({ ASH_ISOLATION: 'bubblewrap' });
