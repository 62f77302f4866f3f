import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UnixConnect } from '../../sensors/event.ts';
import type { Attribution } from '../session/session.ts';
import { createProcessTable, type Process } from './processes.ts';
import { createUnixPeers } from './unix-peer.ts';

const table = createProcessTable('boot', String);

function processOf(pid: number, ...args: string[]): Process {
  const process = table.entry({ pid, startNs: 1n });
  const executableName = args[0] ?? '';
  process.program = {
    executablePath: `/usr/bin/${executableName}`,
    executableName,
    args,
    workingDirectory: '/',
  };
  return process;
}

function session(id: string): Attribution {
  return { id, agent: { name: 'codex', version: undefined }, basis: 'exact', evidence: 'fork chain' };
}

function connect(path: string, bootNs = 0n): UnixConnect {
  return { kind: 'unix.connect', errno: 0, path: Buffer.from(path), bootNs } as UnixConnect;
}

const tmux = processOf(100, 'tmux', '-D');
const made = (bootNs: bigint) => ({
  bootNs,
  program: {
    executablePath: '/bin/sh',
    executableName: 'sh',
    args: ['sh', '-c', 'make test'],
    workingDirectory: '/',
  },
  unit: '',
  ancestors: () => [{ pid: 100, name: 'tmux' }],
});

test('what fits the requests of two sessions is shared by both and joins neither', () => {
  const peers = createUnixPeers();
  for (const id of ['one', 'two'])
    peers.connected(connect('/tmp/tmux'), session(id), processOf(7, 'tmux', 'new', 'make test'), tmux);
  const found = peers.started(made(1_000n));
  assert.deepEqual(
    found.map(({ session: { id }, basis, taker }) => [id, basis, taker]),
    [
      ['one', 'shared', 'serves'],
      ['two', 'shared', 'serves'],
    ],
  );
});

test('a request is answered within ten seconds, or it asked for nothing', () => {
  const peers = createUnixPeers();
  peers.connected(connect('/tmp/tmux'), session('one'), processOf(7, 'tmux', 'new', 'make test'), tmux);
  assert.equal(peers.started(made(10_000_000_000n)).length, 1);
  assert.equal(peers.started(made(10_000_000_001n)).length, 0);
});

test('a daemon is told of once for each session, and one that only answers never', () => {
  const peers = createUnixPeers();
  const client = processOf(7, 'tmux', 'ls');
  assert.equal(peers.connected(connect('/tmp/tmux'), session('one'), client, tmux)?.basis, 'shared');
  assert.equal(peers.connected(connect('/tmp/tmux'), session('one'), client, tmux), undefined);
  assert.ok(peers.connected(connect('/tmp/tmux'), session('two'), client, tmux));
  const resolved = processOf(101, 'systemd-resolved');
  assert.equal(peers.connected(connect('/run/x'), session('one'), client, resolved), undefined);
  for (const path of [
    '/dev/log',
    '/run/systemd/journal/stdout',
    '/var/run/nscd/socket',
    '\0/tmp/.X11-unix/X0',
  ])
    assert.equal(
      peers.connected(connect(path), session('one'), client, processOf(102, 'other')),
      undefined,
      path,
    );
});
