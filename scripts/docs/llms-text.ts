/** llms.txt: the index of the documentation for assistants, made from the pages' titles and first sentences. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @param root the checkout @param made pages that are not written yet, by path */
export function llmsText(root: string, made: Readonly<Record<string, string>>): string {
  const index = readFileSync(join(root, 'docs/README.md'), 'utf8');
  const lines = index.split('\n').flatMap((line): string[] => {
    const heading = /^## (.+)$/.exec(line)?.[1];
    if (heading !== undefined) return ['', `## ${heading}`, ''];
    const page = /^- \[([^\]]+)\]\(([\w-]+\.md)\)/.exec(line);
    if (page === null) return [];
    const path = `docs/${page[2]}`;
    return [`- [${page[1]}](${path}): ${firstSentence(made[path] ?? readFileSync(join(root, path), 'utf8'))}`];
  });
  return `# Ash

> Ash turns a Claude agent folder (CLAUDE.md, skills, MCP servers, settings) into an API on a server of your own: deploy the
> folder, open sessions, send messages, stream what the agent does. Clients: REST with server-sent events, TypeScript
> (\`@ash-ai/sdk\`), Python (\`ash-ai-sdk\`), and the command \`ash\`. Default address: http://localhost:4100.
${lines.join('\n')}

## For coding assistants

- [Skill](skills/ash/SKILL.md): how to use Ash from a program, with examples in both languages.
`;
}

/** The first sentence of the first paragraph. */
function firstSentence(page: string): string {
  const paragraph =
    page
      .replace(/<!--[\s\S]*?-->/g, '')
      .split(/\n{2,}/)
      .map((block) => block.trim())
      .find((block) => block !== '' && !/^(#|```|\||- |>)/.test(block)) ?? '';
  const text = paragraph.replace(/\s+/g, ' ').replace(/\[([^\]]+)\]\([^)]+\)/g, '$1');
  return /^.*?[.:](?=\s|$)/.exec(text)?.[0].replace(/:$/, '.') ?? text;
}
