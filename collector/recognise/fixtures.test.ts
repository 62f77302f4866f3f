import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import { kernelWords } from '../../sensors/linux/suspects.ts';
import { ownCatalogue } from './catalogue-file.ts';
import { editorExtension, npmPackage, plant, pythonEnvironment, type Tree } from './planted.ts';
import { createProcessFiles, type ProcessFiles } from './process-files.ts';
import { createRecogniser } from './recognise.ts';
import type { ExecFacts, Recognition } from './recognition.ts';
import { suspectWords } from './suspect-words.ts';

/** An installation as its installer leaves it, and the exec that starts it. */
interface Fixture {
  readonly agent: string;
  readonly tree: Tree;
  /** The executable the kernel maps; an interpreter for scripts. */
  readonly executable: string;
  readonly args: readonly string[];
  readonly version?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly startedByApp?: string;
  readonly verdict?: 'app' | 'candidate';
}

const HOME = '/home/dev';
const NODE = '/usr/bin/node';
const PYTHON = '/usr/bin/python3.12';

/** An npm package installed for everybody, started by its link. */
function npm(
  agent: string,
  name: string,
  version: string,
  command: string,
  target: string,
  args: readonly string[] = [],
): Fixture {
  return {
    agent,
    tree: npmPackage('/usr/local', name, version, { [command]: target }),
    executable: NODE,
    args: ['node', `/usr/local/bin/${command}`, ...args],
    version,
  };
}

/** A Python tool installed by pipx, started by the link in ~/.local/bin. */
function pipx(
  agent: string,
  name: string,
  version: string,
  command: string,
  args: readonly string[] = [],
): Fixture {
  const venv = `${HOME}/.local/pipx/venvs/${name}`;
  return {
    agent,
    tree: {
      ...pythonEnvironment(venv, name, version, [command]),
      [`${HOME}/.local/bin/${command}`]: `-> ${venv}/bin/${command}`,
    },
    executable: PYTHON,
    args: [`${venv}/bin/python`, `${HOME}/.local/bin/${command}`, ...args],
    version,
  };
}

/** One executable at a path, and what the agent keeps in the home. */
function native(
  agent: string,
  executable: string,
  folders: readonly string[] = [],
  args: readonly string[] = [],
  version?: string,
): Fixture {
  const tree: Record<string, string> = { [executable]: '\x7fELF' };
  for (const folder of folders) tree[`${folder}/`] = '';
  const name = executable.slice(executable.lastIndexOf('/') + 1);
  return { agent, tree, executable, args: [name, ...args], ...(version === undefined ? {} : { version }) };
}

function extension(agent: string, publisher: string, name: string, version: string, server: string): Fixture {
  return {
    agent,
    tree: editorExtension(`${HOME}/.vscode-server/extensions`, publisher, name, version, [server]),
    executable: `${HOME}/.vscode-server/bin/0f0d/node`,
    args: ['node', `${HOME}/.vscode-server/extensions/${publisher}.${name}-${version}/${server}`],
    version,
  };
}

const FIXTURES: readonly Fixture[] = [
  npm('amp', '@sourcegraph/amp', '0.0.17', 'amp', 'dist/main.js'),
  native('amp', `${HOME}/.amp/bin/amp`),
  npm('crush', '@charmland/crush', '0.96.1', 'crush', 'run-crush.js'),
  npm('codex', '@openai/codex', '0.169.0', 'codex', 'bin/codex.js', ['exec', 'hello']),
  native(
    'codex',
    '/usr/local/lib/node_modules/@openai/codex/node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex',
  ),
  native('codex', `${HOME}/.codex/packages/standalone/releases/0.170.0/bin/codex`, [], [], '0.170.0'),
  native(
    'codex',
    `${HOME}/.vscode-server/extensions/openai.chatgpt-1.4.2/bin/linux-x86_64/codex`,
    [],
    ['app-server'],
    '1.4.2',
  ),
  npm('gemini-cli', '@google/gemini-cli', '0.61.0', 'gemini', 'bundle/gemini.js', ['-p', 'hi']),
  npm('qwen-code', '@qwen-code/qwen-code', '0.24.4', 'qwen', 'cli-entry.js'),
  npm('copilot-cli', '@github/copilot', '1.0.102', 'copilot', 'npm-loader.js'),
  native('copilot-cli', `${HOME}/.cache/copilot/pkg/1.0.102/copilot`),
  npm('opencode', 'opencode-ai', '1.18.33', 'opencode', 'bin/opencode'),
  native('opencode', `${HOME}/.opencode/bin/opencode`),
  npm('cline', 'cline', '3.0.65', 'cline', 'bin/cline'),
  extension('cline', 'saoudrizwan', 'claude-dev', '3.30.0', 'dist/server.js'),
  npm('auggie', '@augmentcode/auggie', '0.36.0', 'auggie', 'augment.mjs'),
  {
    agent: 'cursor-agent',
    tree: { [`${HOME}/.local/share/cursor-agent/versions/2026.10.02/index.js`]: '' },
    executable: `${HOME}/.local/share/cursor-agent/versions/2026.10.02/node`,
    args: [
      `${HOME}/.local/bin/cursor-agent`,
      `${HOME}/.local/share/cursor-agent/versions/2026.10.02/index.js`,
    ],
    version: '2026.10.02',
  },
  native('claude-desktop', '/snap/claude-ai-desktop/12/app/claude-desktop.bin'),
  native('claude-code', `${HOME}/.local/share/claude/versions/2.1.329`, [], [], '2.1.329'),
  npm('claude-code', '@anthropic-ai/claude-code', '2.1.329', 'claude', 'cli.js', ['-p', 'hi']),
  {
    ...native('claude-code', '/usr/lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe'),
    tree: {
      '/usr/lib/node_modules/@anthropic-ai/claude-code/package.json':
        '{"name":"@anthropic-ai/claude-code","version":"2.1.329","bin":{"claude":"bin/claude.exe"}}',
      '/usr/lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe': '',
    },
    version: '2.1.329',
  },
  pipx('aider', 'aider-chat', '0.86.1', 'aider'),
  {
    agent: 'aider',
    tree: pythonEnvironment(`${HOME}/work/.venv`, 'aider-chat', '0.86.2', ['aider']),
    executable: PYTHON,
    args: [`${HOME}/work/.venv/bin/python`, '-m', 'aider', '--yes'],
    version: '0.86.2',
  },
  native('goose', `${HOME}/.local/bin/goose`, [`${HOME}/.config/goose`], ['session']),
  native('devin', `${HOME}/.local/bin/devin`, [`${HOME}/.config/devin`], ['shell']),
  native('droid', `${HOME}/.local/bin/droid`, [`${HOME}/.factory`]),
  native('grok-cli', `${HOME}/.grok/bin/grok`),
  pipx('kimi', 'kimi-cli', '1.12.0', 'kimi'),
  npm('pi', '@mariozechner/pi-coding-agent', '0.73.1', 'pi', 'dist/cli.js'),
  npm('junie', '@jetbrains/junie', '3110.7.0', 'junie', 'bin/index.js'),
  native('junie', `${HOME}/.local/share/junie/versions/3110.7/junie-app/bin/junie`),
  pipx('mistral-vibe', 'mistral-vibe', '1.4.0', 'vibe'),
  native('docker-agent', `${HOME}/.docker/cli-plugins/docker-agent`, [], ['run', 'agent.yaml']),
  native('plandex', '/usr/local/bin/plandex', [`${HOME}/.plandex-home-v2`]),
  pipx('ra-aid', 'ra-aid', '0.30.2', 'ra-aid'),
  pipx('swe-agent', 'sweagent', '1.1.0', 'sweagent', ['run']),
  native('gptscript', '/usr/local/bin/gptscript', [`${HOME}/.config/gptscript`], ['task.gpt']),
  pipx('openhands', 'openhands', '1.6.0', 'openhands'),
  {
    agent: 'autogpt',
    tree: pythonEnvironment(`${HOME}/auto/venv`, 'autogpt', '0.5.1', ['autogpt']),
    executable: PYTHON,
    args: [`${HOME}/auto/venv/bin/python3`, '-m', 'autogpt', '--continuous'],
    version: '0.5.1',
  },
  pipx('open-interpreter', 'open-interpreter', '0.4.3', 'interpreter'),
  native('amazon-q', `${HOME}/.local/bin/q`, [`${HOME}/.local/share/amazon-q`], ['chat']),
  npm('continue', '@continuedev/cli', '1.5.47', 'cn', 'dist/cn.js'),
  npm('kilo-code', '@kilocode/cli', '7.8.1', 'kilo', 'bin/kilo'),
  extension('kilo-code', 'kilocode', 'kilo-code', '5.2.0', 'dist/agent.js'),
  extension('copilot-vscode', 'github', 'copilot-chat', '0.41.0', 'dist/server.js'),
  { ...native('copilot-vscode', '/usr/share/code/code', [], ['--type=utility']), verdict: 'app' },
  {
    ...native('copilot-vscode', '/usr/bin/bash', [], ['-l']),
    startedByApp: 'copilot-vscode',
    environment: { TERM_PROGRAM: 'vscode', GIT_PAGER: 'cat', PAGER: 'cat' },
  },
  extension('roo-code', 'rooveterinaryinc', 'roo-cline', '3.50.0', 'dist/worker.js'),
  { ...native('cursor', '/usr/share/cursor/cursor', [], ['--type=zygote']), verdict: 'app' },
  native('cursor', '/usr/share/cursor/resources/app/bin/cursorsandbox'),
  {
    ...native('cursor', '/usr/bin/zsh'),
    startedByApp: 'cursor',
    environment: { CURSOR_TRACE_ID: 'abc', HOME },
  },
  native('windsurf', '/usr/share/windsurf/resources/app/extensions/windsurf/bin/language_server_linux_x64'),
  { ...native('windsurf', '/usr/share/windsurf/windsurf'), verdict: 'app' },
  native(
    'antigravity',
    '/usr/share/antigravity/resources/app/extensions/antigravity/bin/language_server_linux_x64',
  ),
  native('kiro', `${HOME}/.local/bin/kiro-cli`, [`${HOME}/.kiro`], ['chat']),
  {
    ...native('zed', '/usr/bin/bash'),
    startedByApp: 'zed',
    environment: { TERM_PROGRAM: 'zed', PAGER: 'cat' },
  },
  { ...native('zed', `${HOME}/.local/zed.app/libexec/zed-editor`), verdict: 'app' },
  { ...native('warp', '/usr/bin/bash'), startedByApp: 'warp', environment: { OZ_RUN_ID: 'run-17' } },
  npm('openclaw', 'openclaw', '2026.9.6', 'openclaw', 'openclaw.mjs', ['gateway']),
  {
    agent: 'openclaw',
    tree: { [`${HOME}/x/node_modules/openclaw/dist/index.js`]: '' },
    executable: NODE,
    args: ['openclaw-gateway', `${HOME}/x/node_modules/openclaw/dist/index.js`, 'gateway'],
  },
  native('hermes', `${HOME}/.hermes/bin/hermes`),
  native('ollama', '/usr/local/bin/ollama', ['/usr/share/ollama/.ollama'], ['serve']),
  native('lm-studio', `${HOME}/.lmstudio/bin/lms`, [], ['server', 'start']),
  native('llamacpp', '/opt/llama/llama-server', [`${HOME}/.cache/llama.cpp`], ['-m', 'qwen.gguf']),
  pipx('vllm', 'vllm', '0.14.0', 'vllm', ['serve', 'm']),
  native('jan', '/usr/lib/jan/bin/jan'),
  native('gpt4all', `${HOME}/gpt4all/bin/chat`),
  pipx('gpt4all', 'gpt4all', '2.9.0', 'gpt4all'),
  { ...native('koboldcpp', `${HOME}/koboldcpp-linux-x64`, [], ['--model', 'm.gguf']), verdict: 'candidate' },
  native('localai', '/usr/local/bin/local-ai', ['/usr/share/local-ai'], ['run']),
  pipx('open-webui', 'open-webui', '0.8.0', 'open-webui', ['serve']),
  {
    agent: 'textgen',
    tree: { [`${HOME}/text-generation-webui/server.py`]: '' },
    executable: PYTHON,
    args: ['python3', `${HOME}/text-generation-webui/server.py`, '--api'],
  },
  pipx('lemonade', 'lemonade-sdk', '9.1.0', 'lemonade', ['serve']),
  npm(
    'mcp-stdio',
    '@modelcontextprotocol/server-filesystem',
    '2026.1.0',
    'mcp-server-filesystem',
    'dist/index.js',
    ['/tmp'],
  ),
  pipx('mcp-stdio', 'mcp-server-git', '2026.1.0', 'mcp-server-git'),
  {
    agent: 'sdk-agent',
    tree: {},
    executable: PYTHON,
    args: ['python3', 'langchain_agent.py'],
    verdict: 'candidate',
  },
];

const catalogue = ownCatalogue();

/** The planted root with the fixture's environment, as a process below it would be seen. */
function filesOf(root: string, environment: Readonly<Record<string, string>> = {}): ProcessFiles {
  const bytes = Buffer.from(
    Object.entries(environment)
      .map(([name, value]) => `${name}=${value}\0`)
      .join(''),
  );
  return { ...createProcessFiles(root), environment: () => bytes };
}

function recogniseFixture(root: string, fixture: Fixture): Recognition | undefined {
  const exec: ExecFacts = {
    pid: 1,
    executable: fixture.executable,
    calledPath: fixture.executable,
    args: fixture.args,
    workingDirectory: `${HOME}/work`,
    home: HOME,
    startedByApp: fixture.startedByApp,
  };
  return createRecogniser({ catalogue, files: () => filesOf(root, fixture.environment) }).recognise(exec);
}

test('every agent of the catalogue has a fixture', () => {
  const having = new Set(FIXTURES.map(({ agent }) => agent));
  assert.deepEqual(
    catalogue.agents.map(({ id }) => id).filter((id) => !having.has(id)),
    [],
  );
  assert.ok(catalogue.agents.length >= 40);
});

test('every fixture that an agent’s own files speak for is a suspect to the kernel, by a name in its path or its comm', () => {
  const words = kernelWords(suspectWords(catalogue));
  // What the kernel compares: each name of the path cut to 31 bytes, and the name it was called by cut to 15.
  const asked = (path: string) => [
    ...path.split('/').map((name) => name.slice(0, 31)),
    posix.basename(path).slice(0, 15),
  ];
  const missed = FIXTURES.filter(
    ({ executable, startedByApp }) => !startedByApp && !asked(executable).some((name) => words.has(name)),
  );
  assert.deepEqual(missed, []);
  assert.ok(words.size < 1_000, String(words.size));
});

for (const fixture of FIXTURES) {
  const verdict = fixture.verdict ?? 'agent';
  test(`${fixture.agent} started as ${fixture.args.join(' ')} by ${fixture.executable} is recognised as ${verdict}`, (t) => {
    const recognition = recogniseFixture(plant(t, fixture.tree), fixture);
    assert.equal(recognition?.agent, fixture.agent);
    assert.equal(recognition?.verdict, verdict, JSON.stringify(recognition));
    if (fixture.version !== undefined) assert.equal(recognition?.version, fixture.version);
    for (const { basis } of recognition?.evidence ?? [])
      assert.match(basis, /^(verified|self_reported|inferred)$/);
  });
}
