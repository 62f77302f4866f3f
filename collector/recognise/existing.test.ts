import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownCatalogue } from './catalogue-file.ts';
import { type ExistingProcess, existingSessions } from './existing.ts';
import { npmPackage, plant } from './planted.ts';
import { createProcessFiles } from './process-files.ts';
import { createRecogniser } from './recognise.ts';

const NODE = '/usr/bin/node';
const BASH = '/usr/bin/bash';

/** pid, parent, executable, arguments after argv[0]. */
type Row = readonly [pid: number, parent: number, executable: string, ...args: string[]];

test('a host taken in at start: whole trees, nested agents, re-launches and a daemon left behind each in the right session', (t) => {
  const root = plant(t, {
    ...npmPackage('/usr/local', '@google/gemini-cli', '0.61.0', { gemini: 'bundle/gemini.js' }),
    ...npmPackage('/usr/local', '@openai/codex', '0.169.0', { codex: 'bin/codex.js' }),
    ...npmPackage('/usr/local', 'cline', '3.0.65', { cline: 'bin/cline' }),
  });
  const rows: readonly Row[] = [
    [42, 41, '/usr/bin/make'],
    [1, 0, '/usr/lib/systemd/systemd'],
    [10, 1, '/usr/sbin/sshd'],
    [20, 10, BASH],
    [30, 20, NODE, '/usr/local/bin/gemini'],
    [40, 30, NODE, '--max-old-space-size=8192', '/usr/local/bin/gemini'],
    [41, 40, BASH, '-c', 'make'],
    [43, 41, NODE, '/usr/local/bin/codex', 'exec', 'hi'],
    [44, 43, BASH, '-c', 'ls'],
    [50, 20, '/usr/bin/vim', '/root/.codex/config.toml'],
    [60, 1, NODE, '/usr/local/bin/cline', '--cline-hub-daemon'],
    [70, 99, BASH],
  ];
  const byPid = new Map(rows.map((row) => [row[0], row]));
  const recogniser = createRecogniser({ catalogue: ownCatalogue(), files: () => createProcessFiles(root) });
  const processes = rows.map(([pid, parentPid]): ExistingProcess => ({ pid, parentPid }));
  const sessions = existingSessions(processes, (pid, startedByApp) => {
    const [, , executable = '', ...args] = byPid.get(pid) ?? [];
    return recogniser.recognise({
      pid,
      executable,
      calledPath: executable,
      args: [executable, ...args],
      workingDirectory: '/',
      home: '/root',
      startedByApp,
    });
  });
  const told = sessions.map(({ rootPid, recognition, parentRootPid, pids }) => [
    recognition.agent,
    rootPid,
    parentRootPid,
    [...pids].sort((left, right) => left - right),
  ]);
  assert.deepEqual(
    told.sort((left, right) => Number(left[1]) - Number(right[1])),
    [
      ['gemini-cli', 30, undefined, [30, 40, 41, 42]],
      ['codex', 43, 30, [43, 44]],
      ['cline', 60, undefined, [60]],
    ],
  );
});

test('parents that name each other in a circle end the walk', () => {
  const circle = [
    { pid: 5, parentPid: 6 },
    { pid: 6, parentPid: 5 },
  ];
  assert.deepEqual(
    existingSessions(circle, () => undefined),
    [],
  );
});
