import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownCatalogue } from './catalogue-file.ts';
import { npmPackage, plant } from './planted.ts';
import { createProcessFiles } from './process-files.ts';
import { createRecogniser } from './recognise.ts';
import type { Recognition } from './recognition.ts';
import { type SessionDecision, sessionFor } from './session.ts';

/** A run told exec by exec: who calls execve (by an earlier step's name, none for a shell of a person), and what is started. */
interface Step {
  readonly name: string;
  readonly caller?: string;
  readonly executable: string;
  readonly args: readonly string[];
}

const NPM = '/usr/local/lib/node_modules';
const TREE = {
  ...npmPackage('/usr/local', '@openai/codex', '0.169.0', { codex: 'bin/codex.js' }),
  ...npmPackage('/usr/local', '@google/gemini-cli', '0.61.0', { gemini: 'bundle/gemini.js' }),
  ...npmPackage('/usr/local', '@modelcontextprotocol/server-git', '1.0.0', {
    'mcp-server-git': 'dist/index.js',
  }),
  [`${NPM}/@openai/codex/vendor/x86_64-unknown-linux-musl/bin/codex`]: '',
};
const CODEX = `${NPM}/@openai/codex/vendor/x86_64-unknown-linux-musl/bin/codex`;
const NODE = '/usr/bin/node';

/** The decision at each step, as the attribute stage takes it: sessions are named by the step that began them. */
function decisionsOf(root: string, steps: readonly Step[]): Record<string, SessionDecision['kind']> {
  const recogniser = createRecogniser({ catalogue: ownCatalogue(), files: () => createProcessFiles(root) });
  const images = new Map<
    string,
    { recognition: Recognition | undefined; session: { id: string; agent: string } | undefined }
  >();
  const decisions: Record<string, SessionDecision['kind']> = {};
  for (const { name, caller, executable, args } of steps) {
    const recognition = recogniser.recognise({
      pid: 1,
      executable,
      calledPath: executable,
      args,
      workingDirectory: '/srv',
      home: '/home/dev',
    });
    const from = caller === undefined ? undefined : images.get(caller);
    const decision = sessionFor(from?.session, recognition, { recognition: from?.recognition });
    decisions[name] = decision.kind;
    const begins = decision.kind === 'new' || decision.kind === 'nested';
    images.set(name, {
      recognition,
      session: begins ? { id: name, agent: recognition?.agent ?? '' } : from?.session,
    });
  }
  return decisions;
}

test('codex from npm is one session: launcher, native binary, itself as set-up, shell, command', (t) => {
  const decisions = decisionsOf(plant(t, TREE), [
    { name: 'bash', executable: '/usr/bin/bash', args: ['bash'] },
    {
      name: 'launcher',
      caller: 'bash',
      executable: NODE,
      args: ['node', '/usr/local/bin/codex', 'exec', 'hi'],
    },
    { name: 'native', caller: 'launcher', executable: CODEX, args: ['codex', 'exec', 'hi'] },
    {
      name: 'setup',
      caller: 'native',
      executable: CODEX,
      args: ['codex-linux-sandbox', '--codex-run-as-process-setup', '5', '7'],
    },
    { name: 'shell', caller: 'setup', executable: '/usr/bin/bash', args: ['/bin/bash', '-c', 'ls'] },
    { name: 'command', caller: 'shell', executable: '/usr/bin/ls', args: ['ls'] },
  ]);
  assert.deepEqual(decisions, {
    bash: 'none',
    launcher: 'new',
    native: 'same',
    setup: 'same',
    shell: 'same',
    command: 'same',
  });
});

test('gemini that starts node again with more memory stays one session', (t) => {
  const decisions = decisionsOf(plant(t, TREE), [
    { name: 'first', executable: NODE, args: ['node', '/usr/local/bin/gemini'] },
    {
      name: 'again',
      caller: 'first',
      executable: NODE,
      args: ['node', '--max-old-space-size=8192', '/usr/local/bin/gemini'],
    },
    { name: 'shell', caller: 'again', executable: '/usr/bin/bash', args: ['bash', '-c', 'x'] },
  ]);
  assert.deepEqual(decisions, { first: 'new', again: 'same', shell: 'same' });
});

test('an agent that another agent starts is nested, also when both are codex and the shell has exec-ed it', (t) => {
  const decisions = decisionsOf(plant(t, TREE), [
    { name: 'outer', executable: CODEX, args: ['codex'] },
    { name: 'shell', caller: 'outer', executable: '/usr/bin/bash', args: ['bash', '-c', 'codex exec hi'] },
    { name: 'inner', caller: 'shell', executable: CODEX, args: ['codex', 'exec', 'hi'] },
    { name: 'gemini', caller: 'inner', executable: NODE, args: ['node', '/usr/local/bin/gemini'] },
    {
      name: 'again',
      caller: 'gemini',
      executable: NODE,
      args: ['node', '--expose-gc', '/usr/local/bin/gemini'],
    },
  ]);
  assert.deepEqual(decisions, {
    outer: 'new',
    shell: 'same',
    inner: 'nested',
    gemini: 'nested',
    again: 'same',
  });
});

test('an MCP server works inside the session of its agent, and begins one when an editor starts it', (t) => {
  const server = { executable: NODE, args: ['node', '/usr/local/bin/mcp-server-git'] };
  const decisions = decisionsOf(plant(t, TREE), [
    { name: 'codex', executable: CODEX, args: ['codex'] },
    { name: 'inside', caller: 'codex', ...server },
    { name: 'alone', ...server },
  ]);
  assert.deepEqual(decisions, { codex: 'new', inside: 'same', alone: 'new' });
});

test('a candidate begins no session and leaves none', () => {
  const candidate = { verdict: 'candidate', agent: 'goose', kind: 'cli' } as Recognition;
  assert.deepEqual(sessionFor(undefined, candidate, { recognition: undefined }), { kind: 'none' });
  assert.deepEqual(sessionFor({ id: 's', agent: 'codex' }, candidate, { recognition: undefined }), {
    kind: 'same',
    session: 's',
  });
});
