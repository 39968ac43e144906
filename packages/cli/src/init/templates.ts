/** The agent folders that `ash init` begins with; they lie in the package as they are copied. */
import { fileURLToPath } from 'node:url';

export interface Template {
  /** What it shows. */
  shows: string;
  /** What to say to it first. */
  say: string;
}

export const templates = {
  minimal: { shows: 'instructions and nothing else', say: 'Hello! What can you do?' },
  tools: { shows: 'a program of its own as a tool, and a skill', say: 'Add a task: water the plants' },
  mcp: { shows: 'an MCP server that runs in the sandbox', say: 'What does a tea pot cost?' },
  research: { shows: 'sources, a skill for citing and a subagent that reads', say: 'Why is oolong not green tea?' },
} as const satisfies Record<string, Template>;

export type TemplateName = keyof typeof templates;

export function isTemplate(name: string): name is TemplateName {
  return Object.hasOwn(templates, name);
}

/** The folder of a template: beside `src` in a checkout, beside `dist` in the package. */
export function templateFolder(name: TemplateName): string {
  const here = import.meta.url;
  return fileURLToPath(new URL(here.endsWith('.mjs') ? `../templates/${name}` : `../../templates/${name}`, here));
}
