/** Programs that look like AI agents and are none: names, arguments, environments and files that others have too. */

import type { Tree } from './planted.ts';

/** What looks like an agent and is none, on a machine where a person really uses agents. */
export interface Decoy {
  readonly what: string;
  readonly executable: string;
  readonly args: readonly string[];
  readonly tree?: Tree;
  readonly environment?: Readonly<Record<string, string>>;
  readonly startedByApp?: string;
}

/** The home of who uses agents here. */
export const HOME = '/home/dev';

/** State that several agents left in this home: it must not make agents of their namesakes. */
export const USED_AGENTS: Tree = Object.fromEntries(
  [
    '.claude',
    '.codex',
    '.gemini',
    '.config/goose',
    '.local/share/goose',
    '.aws/amazonq',
    '.local/share/amazon-q',
    '.continue',
    '.pi/agent',
    '.config/amp',
    '.amp',
    '.config/crush',
    '.vibe',
    '.config/Jan',
    '.warp',
    '.config/cursor',
    '.qwen',
    '.copilot',
    '.config/opencode',
    '.cline',
    '.aider',
    '.kiro',
    '.hermes',
    '.ollama',
    '.grok',
    '.junie',
    '.factory',
  ].map((folder) => [`${HOME}/${folder}/`, '']),
);

const IN_VSCODE = {
  TERM_PROGRAM: 'vscode',
  TERM_PROGRAM_VERSION: '1.110.0',
  VSCODE_GIT_IPC_HANDLE: '/run/x',
};

/** Build information as Go's linker writes it, in the smallest ELF file that has the section. */
function goProgram(module: string, version: string): string {
  const info = `${'s'.repeat(16)}path\t${module}/cmd\nmod\t${module}\t${version}\th1:x=\n${'e'.repeat(16)}`;
  const string = (text: string) => {
    const length: number[] = [];
    for (let rest = text.length; ; rest >>= 7) {
      length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
      if (rest <= 0x7f) break;
    }
    return Buffer.concat([Buffer.from(length), Buffer.from(text, 'latin1')]);
  };
  const header = Buffer.alloc(32);
  header.write('\xff Go buildinf:', 0, 'latin1');
  header[14] = 8;
  header[15] = 2;
  const section = Buffer.concat([header, string('go1.24.2'), string(info)]);
  const names = Buffer.from('\0.shstrtab\0.go.buildinfo\0', 'latin1');
  const elf = Buffer.alloc(64);
  elf.writeUInt32BE(0x7f454c46, 0);
  elf[4] = 2;
  elf[5] = 1;
  const namesAt = 64;
  const sectionAt = namesAt + names.length;
  const tableAt = sectionAt + section.length;
  elf.writeBigUInt64LE(BigInt(tableAt), 40);
  elf.writeUInt16LE(64, 58);
  elf.writeUInt16LE(3, 60);
  elf.writeUInt16LE(1, 62);
  const row = (name: number, offset: number, size: number) => {
    const bytes = Buffer.alloc(64);
    bytes.writeUInt32LE(name, 0);
    bytes.writeBigUInt64LE(BigInt(offset), 24);
    bytes.writeBigUInt64LE(BigInt(size), 32);
    return bytes;
  };
  return Buffer.concat([
    elf,
    names,
    section,
    Buffer.alloc(64),
    row(1, namesAt, names.length),
    row(11, sectionAt, section.length),
  ]).toString('latin1');
}

const program = (executable: string, ...args: string[]): Decoy => ({
  what: [executable, ...args].join(' '),
  executable,
  args: [executable.slice(executable.lastIndexOf('/') + 1), ...args],
  tree: { [executable]: '\x7fELF' },
});

const script = (interpreter: string, path: string, ...args: string[]): Decoy => ({
  what: [interpreter, path, ...args].join(' '),
  executable: interpreter,
  args: [interpreter.slice(interpreter.lastIndexOf('/') + 1), path, ...args],
  tree: { [path.startsWith('/') ? path : `${HOME}/work/${path}`]: '' },
});

const sqlGoose = (path: string, ...args: string[]): Decoy => ({
  ...program(path, ...args),
  what: `the SQL migration tool goose: ${[path, ...args].join(' ')}`,
  tree: { [path]: goProgram('github.com/pressly/goose/v3', 'v3.26.0') },
});

const ownedBy = (name: string, path: string, ...args: string[]): Decoy => ({
  ...script('/usr/bin/node', path, ...args),
  what: `${path} of the package ${name}`,
  tree: {
    [path]: '',
    [`${path.slice(0, path.lastIndexOf('/'))}/package.json`]: JSON.stringify({
      name,
      version: '1.0.0',
      bin: { x: path.slice(path.lastIndexOf('/') + 1) },
    }),
  },
});

export const DECOYS: readonly Decoy[] = [
  sqlGoose(`${HOME}/go/bin/goose`, 'up'),
  sqlGoose(`${HOME}/go/bin/goose`, 'postgres', 'user=x dbname=y', 'status'),
  sqlGoose(`${HOME}/.local/bin/goose`, 'status'),
  sqlGoose('/usr/local/bin/goose', '-dir', 'migrations', 'sqlite3', 'a.db', 'up'),
  sqlGoose(`${HOME}/.local/bin/goose`, 'run'),
  program('/usr/bin/goose', 'up'),
  program('/usr/local/bin/q', 'SELECT * FROM data.csv'),
  program('/usr/bin/q'),
  program(`${HOME}/q/l64/q`, 'script.q', '-p', '5000'),
  program('/opt/datadog-agent/bin/agent/agent', 'run'),
  program('/usr/bin/agent', '--config', '/etc/agent.yml'),
  program('/opt/jenkins/agent', '-url', 'https://ci'),
  program('/usr/bin/cn', '--numeric'),
  program(`${HOME}/bin/cn`),
  program('/usr/bin/pi', '10000'),
  program(`${HOME}/.local/bin/pi`, '50'),
  program('/usr/bin/amp', 'file.txt'),
  program('/usr/bin/warp'),
  program('/usr/local/bin/jan', 'report'),
  program('/usr/bin/vibe', 'play'),
  program('/usr/games/crush'),
  program('/usr/bin/interpreter', 'x.bf'),
  program('/usr/bin/textgen'),
  program('/usr/bin/lemonade', 'open', 'https://x'),
  script('/usr/bin/node', 'claude.js'),
  script('/usr/bin/node', `${HOME}/work/claude.js`, '-p', 'hi'),
  script('/usr/bin/node', `${HOME}/work/codex/index.js`),
  script('/usr/bin/node', `${HOME}/work/gemini/server.mjs`),
  script('/usr/bin/python3.12', `${HOME}/work/aider.py`),
  script('/usr/bin/python3.12', `${HOME}/work/goose.py`, 'session'),
  script('/usr/bin/python3.12', '/usr/bin/pip', 'install', 'aider-chat'),
  script('/usr/bin/bash', `${HOME}/bin/claude`),
  script('/usr/bin/bash', `${HOME}/bin/codex`, '--yolo'),
  ownedBy('gemini-astrology', `${HOME}/work/gemini-astrology/gemini`),
  ownedBy('codex-editor', `${HOME}/work/node_modules/codex-editor/codex`),
  ownedBy('copilot-theme', `${HOME}/work/node_modules/copilot-theme/copilot`),
  {
    ...script('/usr/bin/node', '/usr/local/lib/node_modules/opencode-ai/postinstall.mjs'),
    what: "an agent's install script",
    tree: {
      '/usr/local/lib/node_modules/opencode-ai/package.json':
        '{"name":"opencode-ai","version":"1.0.0","bin":{"opencode":"bin/opencode"}}',
      '/usr/local/lib/node_modules/opencode-ai/postinstall.mjs': '',
    },
  },
  {
    ...program(
      '/usr/local/lib/node_modules/@openai/codex/node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/codex-path/rg',
      'x',
    ),
    what: 'the search tool that codex brings, started by a person',
    tree: {
      '/usr/local/lib/node_modules/@openai/codex/node_modules/@openai/codex-linux-x64/package.json':
        '{"name":"@openai/codex","version":"0.169.0-linux-x64"}',
      '/usr/local/lib/node_modules/@openai/codex/node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/codex-path/rg':
        '',
    },
  },
  {
    ...program('/usr/bin/bash', '-l'),
    what: "a person's shell in VS Code",
    environment: IN_VSCODE,
    startedByApp: 'copilot-vscode',
  },
  {
    ...program('/usr/bin/zsh', '-i'),
    what: "a person's shell in Cursor",
    environment: { TERM_PROGRAM: 'vscode' },
    startedByApp: 'cursor',
  },
  {
    ...program('/usr/bin/bash'),
    what: "a person's shell in Zed",
    environment: { TERM_PROGRAM: 'zed', ZED_TERM: 'true' },
    startedByApp: 'zed',
  },
  {
    ...program('/usr/bin/bash'),
    what: "a person's shell in Warp",
    environment: { TERM_PROGRAM: 'WarpTerminal' },
    startedByApp: 'warp',
  },
  {
    ...program('/usr/bin/git', 'log'),
    what: "git in a person's VS Code shell that sets GIT_PAGER",
    environment: { ...IN_VSCODE, GIT_PAGER: 'cat' },
  },
  {
    ...program('/usr/bin/make'),
    what: 'make in a shell that exports CLAUDECODE=1',
    environment: { CLAUDECODE: '1' },
  },
  {
    ...program('/usr/bin/vim', 'x'),
    what: 'an editor with every mark exported',
    environment: { CLAUDECODE: '1', CODEX_THREAD_ID: 'x', GEMINI_CLI: '1', AGENT: 'amp' },
  },
  program('/usr/bin/vim', `${HOME}/.claude/settings.json`),
  program('/usr/bin/cat', `${HOME}/.codex/auth.json`),
  program('/usr/bin/ls', '/usr/local/lib/node_modules/@openai/codex/bin/codex.js'),
  program('/usr/bin/npm', 'install', '-g', '@openai/codex'),
  script(
    '/usr/bin/node',
    '/usr/lib/node_modules/npm/bin/npm-cli.js',
    'install',
    '-g',
    '@anthropic-ai/claude-code',
  ),
  program('/usr/bin/git', 'clone', 'https://github.com/openai/codex'),
  program('/usr/bin/docker', 'run', 'openhands'),
  program('/usr/bin/grep', '-r', 'claude', HOME),
  program('/usr/bin/man', 'codex'),
  program('/usr/bin/which', 'codex', 'claude', 'gemini'),
  program('/opt/library/bin/codex', '--folio', '12'),
  program('/opt/games/claude'),
  program('/opt/hermes', 'deliver'),
  program('/usr/bin/droid', 'font.ttf'),
  program('/usr/bin/grok', 'log.txt'),
  program('/usr/sbin/devin'),
  program('/usr/local/bin/kilo', 'main.c'),
  program(`${HOME}/.local/bin/hermes`, '-emit-binary', 'x.js'),
  program(`${HOME}/.local/bin/grok`, '-f', 'patterns'),
  {
    ...program('/opt/x/payload'),
    what: 'a program that calls itself claude in argv[0]',
    args: ['claude', '--dangerously-skip-permissions'],
  },
  {
    ...program('/opt/x/payload'),
    what: 'a program that calls itself by an agent’s whole path',
    args: [`${HOME}/.local/share/claude/versions/2.1.0`],
  },
  {
    ...program('/usr/bin/node', '-e', '1'),
    what: 'node that evaluates a line about codex',
    args: ['node', '-e', 'require("@openai/codex")'],
  },
];
