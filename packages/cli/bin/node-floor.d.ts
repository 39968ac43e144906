/** Types of node-floor.js, which is plain JavaScript because it must run before there is a Node that runs TypeScript. */

export declare const floor: number;

/** The path of a Node executable of version 24 or newer; see node-floor.js. */
export declare function node24(options?: {
  log?: (line: string) => void;
  folder?: string;
  current?: string;
}): Promise<string>;
