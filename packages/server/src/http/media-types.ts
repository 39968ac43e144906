/** Media types of files by their names (spec/http-api.md §6). */

const byExtension: Readonly<Record<string, string>> = {
  ...under('text/', {
    html: 'html',
    htm: 'html',
    css: 'css',
    csv: 'csv',
    txt: 'plain',
    toml: 'plain',
    md: 'markdown',
    yaml: 'yaml',
    yml: 'yaml',
    ts: 'typescript',
    tsx: 'typescript',
    jsx: 'javascript',
    py: 'x-python',
    rb: 'x-ruby',
    rs: 'x-rust',
    go: 'x-go',
    java: 'x-java',
    c: 'x-c',
    h: 'x-c',
    cpp: 'x-c++',
    sh: 'x-shellscript',
    bash: 'x-shellscript',
    zsh: 'x-shellscript',
    sql: 'x-sql',
  }),
  ...under('application/', {
    js: 'javascript',
    mjs: 'javascript',
    json: 'json',
    xml: 'xml',
    pdf: 'pdf',
    zip: 'zip',
    gz: 'gzip',
    tar: 'x-tar',
    wasm: 'wasm',
  }),
  ...under('image/', {
    svg: 'svg+xml',
    png: 'png',
    jpg: 'jpeg',
    jpeg: 'jpeg',
    gif: 'gif',
    webp: 'webp',
    ico: 'x-icon',
  }),
  ...under('video/', { mp4: 'mp4', webm: 'webm' }),
  ...under('audio/', { mp3: 'mpeg', wav: 'wav' }),
  ...under('font/', { woff: 'woff', woff2: 'woff2', ttf: 'ttf', otf: 'otf' }),
};

const unknown = 'application/octet-stream';

/** The media type of a file of a workspace. */
export function mediaTypeOf(path: string): string {
  const extension = extensionOf(path);
  return Object.hasOwn(byExtension, extension) ? (byExtension[extension] ?? unknown) : unknown;
}

/** The media type of a file of an agent: instructions and settings have theirs, all else is bytes. */
export function agentMediaTypeOf(path: string): string {
  const extension = extensionOf(path);
  return extension === 'md' || extension === 'json' ? mediaTypeOf(path) : unknown;
}

function extensionOf(path: string): string {
  return /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
}

function under(top: string, subtypes: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(subtypes).map(([extension, subtype]) => [extension, top + subtype]));
}
