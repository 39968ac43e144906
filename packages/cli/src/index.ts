/** The command line of Ash as a function. */
export { run } from './program.ts';
