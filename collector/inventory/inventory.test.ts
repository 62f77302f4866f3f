import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ownCatalogue } from '../recognise/catalogue-file.ts';
import {
  editorExtension,
  grow,
  npmPackage,
  plant,
  pythonEnvironment,
  type Tree,
} from '../recognise/planted.ts';
import { createProcessFiles } from '../recognise/process-files.ts';
import { changesBetween, inventoryEvent } from './changes.ts';
import { takeInventory } from './inventory.ts';
import { hashed, readRemembered, writeRemembered } from './remembered.ts';

const catalogue = ownCatalogue();

const PASSWD = [
  'root:x:0:0:root:/root:/bin/bash',
  'daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin',
  'ann:x:1000:1000::/home/ann:/bin/bash',
  'ben:x:1001:1001::/home/ben:/bin/bash',
  '',
].join('\n');

/** Six installations in two homes, as their installers leave them. Every program would write `marker` when it is run. */
function sixInstalls(marker: string): Tree {
  const tattle = `#!/bin/sh\necho "$0" >> ${marker}\n`;
  const tree: Record<string, string> = {
    '/etc/passwd': PASSWD,
    '/proc/': '',
    // Claude Code by its own installer.
    '/home/ann/.local/share/claude/versions/2.1.329': tattle,
    '/home/ann/.local/bin/claude': '-> ../share/claude/versions/2.1.329',
    '/home/ann/.claude/settings.json': '{}',
    // Codex from npm, with its native program.
    ...npmPackage('/home/ann/.npm-global', '@openai/codex', '0.169.0', { codex: 'bin/codex.js' }),
    '/home/ann/.npm-global/lib/node_modules/@openai/codex/node_modules/@openai/codex-linux-x64/package.json':
      '{"name":"@openai/codex","version":"0.169.0-linux-x64"}',
    '/home/ann/.npm-global/lib/node_modules/@openai/codex/node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex':
      tattle,
    // The Cursor CLI, with the two names of its launcher.
    '/home/ann/.local/share/cursor-agent/versions/2026.10.02-ab12/node': tattle,
    '/home/ann/.local/share/cursor-agent/versions/2026.10.02-ab12/index.js': '',
    '/home/ann/.local/share/cursor-agent/versions/2026.10.02-ab12/cursor-agent': tattle,
    '/home/ann/.local/bin/cursor-agent': '-> ../share/cursor-agent/versions/2026.10.02-ab12/cursor-agent',
    '/home/ann/.local/bin/agent': '-> ../share/cursor-agent/versions/2026.10.02-ab12/cursor-agent',
    // OpenCode and OpenClaw under nvm, Aider by pipx.
    ...npmPackage('/home/ben/.nvm/versions/node/v22.9.0', 'opencode-ai', '1.18.33', {
      opencode: 'bin/opencode.exe',
    }),
    ...npmPackage('/home/ben/.nvm/versions/node/v22.9.0', 'openclaw', '2026.9.6', {
      openclaw: 'openclaw.mjs',
    }),
    ...pythonEnvironment('/home/ben/.local/share/pipx/venvs/aider-chat', 'aider-chat', '0.86.1', ['aider']),
    '/home/ben/.local/bin/aider': '-> ../share/pipx/venvs/aider-chat/bin/aider',
    // What is no agent.
    '/home/ben/.local/bin/goose': tattle,
    '/home/ben/.local/bin/claude-wrapper': tattle,
    '/usr/bin/q': tattle,
    ...npmPackage('/usr/local', 'typescript', '5.9.0', { tsc: 'bin/tsc' }),
  };
  return tree;
}

function rowsOf(root: string) {
  return takeInventory({
    catalogue,
    userName: () => undefined,
    files: createProcessFiles(root),
    procRoot: join(root, 'proc'),
  });
}

const shown = ({
  agent,
  version,
  user,
  installedBy,
}: {
  agent: string;
  version: string | undefined;
  user: string | undefined;
  installedBy: string;
}) => [agent, version, user, installedBy].join(' ');

test('six installations in two homes are six rows with their versions, and none of them was run', (t) => {
  const marker = join(plant(t, {}), 'was-run');
  const rows = rowsOf(plant(t, sixInstalls(marker)));
  assert.deepEqual(rows.map(shown), [
    'aider 0.86.1 ben pypi',
    'claude-code 2.1.329 ann installer',
    'codex 0.169.0 ann npm',
    'cursor-agent 2026.10.02-ab12 ann installer',
    'openclaw 2026.9.6 ben npm',
    'opencode 1.18.33 ben npm',
  ]);
  assert.ok(!existsSync(marker), existsSync(marker) ? readFileSync(marker, 'utf8') : '');
});

test('extensions, editors from Debian packages, tools of uv and names in usual folders are found', (t) => {
  const rows = rowsOf(
    plant(t, {
      '/etc/passwd': PASSWD,
      '/proc/': '',
      ...editorExtension('/home/ann/.vscode/extensions', 'github', 'copilot-chat', '0.41.0', [
        'dist/extension.js',
      ]),
      ...editorExtension('/root/.vscode-server/extensions', 'saoudrizwan', 'claude-dev', '3.30.0', []),
      '/usr/share/cursor/cursor': 'ELF',
      '/usr/share/cursor/resources/app/package.json': '{"name":"Cursor","version":"3.1.0"}',
      '/var/lib/dpkg/info/cursor.list': '/.\n/usr/share/cursor/cursor\n',
      '/var/lib/dpkg/status':
        'Package: curl\nVersion: 8.0\n\nPackage: cursor\nStatus: install ok installed\nVersion: 1:3.1.0-17\n\n',
      ...pythonEnvironment('/home/ben/.local/share/uv/tools/kimi-cli', 'kimi-cli', '1.12.0', ['kimi']),
      '/home/ben/.local/bin/kimi': '-> ../share/uv/tools/kimi-cli/bin/kimi',
      '/home/ben/.local/bin/droid': 'ELF',
      '/home/ben/.factory/': '',
      '/home/ldap/.local/bin/droid': 'ELF',
      '/home/ldap/.factory/': '',
    }),
  );
  assert.deepEqual(rows.map(shown), [
    'cline 3.30.0 root extension',
    'copilot-vscode 0.41.0 ann extension',
    'cursor 3.1.0-17  deb',
    'droid  ben installer',
    'droid  ldap installer',
    'kimi 1.12.0 ben pypi',
  ]);
});

test('a host without agents, without homes and without /etc/passwd has an empty inventory', (t) => {
  assert.deepEqual(rowsOf(plant(t, { '/proc/': '' })), []);
});

test('links that lead round in a circle, and folders without end, do not hold the search up', (t) => {
  const deep = Array.from({ length: 60 }, () => 'd').join('/');
  const rows = rowsOf(
    plant(t, {
      '/etc/passwd': PASSWD,
      '/proc/': '',
      '/home/ann/.local/bin/codex': '-> claude',
      '/home/ann/.local/bin/claude': '-> codex',
      '/home/ann/.cache/copilot/pkg/loop': '-> .',
      [`/home/ann/.cache/copilot/pkg/${deep}/copilot`]: 'ELF',
      '/home/ann/.cache/copilot/pkg/1.0.102/copilot': 'ELF',
    }),
  );
  assert.deepEqual(
    rows.map(({ agent, path }) => [agent, path]),
    [['copilot-cli', '/home/ann/.cache/copilot/pkg/1.0.102/copilot']],
  );
});

test('changes tell what was added, changed with old and new version and hash, and removed', (t) => {
  const root = plant(t, { ...sixInstalls('/dev/null') });
  const state = plant(t, {});
  const files = createProcessFiles(root);
  const first = hashed(rowsOf(root), files, readRemembered(state));
  assert.deepEqual([...new Set(changesBetween([], first).map(({ change }) => change))], ['added']);
  writeRemembered(state, first);

  const codex = '/home/ann/.npm-global/lib/node_modules/@openai/codex';
  grow(root, {
    [`${codex}/package.json`]: '{"name":"@openai/codex","version":"0.170.0","bin":{"codex":"bin/codex.js"}}',
    [`${codex}/bin/codex.js`]: 'new code',
    '/home/ann/.local/share/claude/versions/2.1.400': 'new program',
    '/home/ben/.opencode/bin/opencode': 'ELF',
  });
  rmSync(join(root, '/home/ben/.nvm/versions/node/v22.9.0/lib/node_modules/openclaw'), { recursive: true });

  const before = readRemembered(state);
  const changes = changesBetween(before, hashed(rowsOf(root), files, before));
  assert.deepEqual(
    changes.map(({ change, row, before: old }) => [change, row.agent, row.version, old?.version]),
    [
      ['changed', 'claude-code', '2.1.400', '2.1.329'],
      ['changed', 'codex', '0.170.0', '0.169.0'],
      ['added', 'opencode', undefined, undefined],
      ['removed', 'openclaw', '2026.9.6', undefined],
    ],
  );
  const event = inventoryEvent(changes[1] as (typeof changes)[number], 1_790_000_000_000_000_000n);
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  assert.equal(event.attributes['spoor.inventory.sha256'], sha256('new code'));
  assert.equal(event.attributes['spoor.inventory.previous_sha256'], sha256('#!/usr/bin/env node\n'));
  assert.equal(event.attributes['spoor.inventory.previous_version'], '0.169.0');
});

test('one byte changed in a program, its version unchanged, is a change', (t) => {
  const path = '/home/ann/.opencode/bin/opencode';
  const root = plant(t, { '/etc/passwd': PASSWD, '/proc/': '', [path]: 'program' });
  const files = createProcessFiles(root);
  const before = hashed(rowsOf(root), files, []);
  writeFileSync(join(root, path), 'Program');
  const [change, ...others] = changesBetween(before, hashed(rowsOf(root), files, before));
  assert.equal(change?.change, 'changed');
  assert.notEqual(change?.program.hash.sha256, change?.programBefore?.hash.sha256);
  assert.equal(change?.programBefore?.path, path);
  assert.deepEqual(others, []);
});

test('a change of the native program that an npm package brings is told with that program', (t) => {
  const root = plant(t, sixInstalls('/dev/null'));
  const files = createProcessFiles(root);
  const native =
    '/home/ann/.npm-global/lib/node_modules/@openai/codex/node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex';
  const before = hashed(rowsOf(root), files, []);
  writeFileSync(join(root, native), 'patched');
  const [change, ...others] = changesBetween(before, hashed(rowsOf(root), files, before));
  assert.equal(change?.program.path, native);
  assert.equal(change?.row.version, '0.169.0');
  assert.deepEqual(others, []);
});

test('a remembered inventory that is spoilt or of another format is as none', (t) => {
  for (const text of ['', '{', '[]', 'null', '{"format":99,"rows":[]}', '{"format":2,"rows":[{"agent":5}]}'])
    assert.deepEqual(readRemembered(plant(t, { '/inventory.json': text })), []);
});

/** A real process whose executable is a copy of sleep(1) at an agent's path, with the agent's package around it. */
async function startCopy(t: TestContext, path: string): Promise<ChildProcess> {
  mkdirSync(join(path, '..'), { recursive: true });
  copyFileSync('/bin/sleep', path);
  chmodSync(path, 0o755);
  const child = spawn(path, ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  t.after(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  return child;
}

test('a real running process is found under its agent, with its pid and user, also when nothing is installed there', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-running-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, '.opencode/bin/opencode');
  const child = await startCopy(t, path);
  const rows = takeInventory({ catalogue, userName: (id) => (id === process.getuid?.() ? 'me' : undefined) });
  const row = rows.find((candidate) => candidate.path === path);
  assert.equal(row?.agent, 'opencode');
  assert.equal(row?.installedBy, 'unknown');
  assert.deepEqual(row?.running, [{ pid: child.pid, user: 'me' }]);
});
