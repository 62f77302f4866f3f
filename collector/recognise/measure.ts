/**
 * Microseconds of CPU that recognition takes per exec, by what is started.
 *
 *   node dist/collector/recognise/measure.js [repetitions]
 *
 * "First" is the first time a recogniser is asked, with nothing remembered; the rest is the mean after 3,000 times.
 */

import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownCatalogue } from './catalogue-file.ts';
import { grow, npmPackage, pythonEnvironment } from './planted.ts';
import { createRecogniser } from './recognise.ts';
import type { ExecFacts } from './recognition.ts';
import { createFilesOf } from './running.ts';

const WARM_UP = 3_000;
const repetitions = Number(process.argv[2] ?? 20_000);

const root = mkdtempSync(join(tmpdir(), 'spoor-measure-'));
const home = join(root, 'home');
grow(root, {
  ...npmPackage('/n', '@google/gemini-cli', '0.61.0', { gemini: 'bundle/gemini.js' }),
  ...npmPackage('/n', 'typescript', '5.9.0', { tsc: 'bin/tsc' }),
  ...pythonEnvironment('/venv', 'aider-chat', '0.86.1', ['aider']),
  '/home/.opencode/bin/opencode': 'ELF',
  '/home/.local/bin/goose': 'ELF',
});

/** As the sensor gives it. */
const mountNamespace = Number(readlinkSync('/proc/self/ns/mnt').slice('mnt:['.length, -1));

function exec(executable: string, args: readonly string[], more: Partial<ExecFacts> = {}): ExecFacts {
  return {
    pid: process.pid,
    mountNamespace,
    executable,
    calledPath: executable,
    args,
    workingDirectory: root,
    home,
    ...more,
  };
}

const file = { device: '8:1', inode: 5n, changeNs: 7n };
const EXECS: readonly (readonly [what: string, exec: ExecFacts])[] = [
  ['git status', exec('/usr/bin/git', ['git', 'status'])],
  [
    'a compiler with 60 arguments',
    exec('/usr/lib/gcc/x86_64-linux-gnu/12/cc1', ['cc1', ...Array<string>(60).fill('-I/x')]),
  ],
  ['sh -c', exec('/usr/bin/dash', ['sh', '-c', 'ls | head'])],
  ['a python script', exec('/usr/bin/python3.11', ['python3', '/usr/bin/lsb_release', '-a'])],
  ['a node script of another package', exec('/usr/bin/node', ['node', `${root}/n/bin/tsc`, '-p', '.'])],
  ['a program with a weak name', exec(`${home}/.local/bin/goose`, ['goose', 'up'])],
  ['a shell that an editor starts', exec('/usr/bin/bash', ['bash'], { startedByApp: 'cursor' })],
  ['an agent: a node script', exec('/usr/bin/node', ['node', `${root}/n/bin/gemini`])],
  [
    'an agent: a python script',
    exec('/usr/bin/python3.12', [`${root}/venv/bin/python`, `${root}/venv/bin/aider`]),
  ],
  [
    'an agent: one executable, known by its inode',
    exec(`${home}/.opencode/bin/opencode`, ['opencode'], { executableFile: file }),
  ],
];

try {
  const catalogue = ownCatalogue();
  console.log(`${'exec of'.padEnd(48)}${'first'.padStart(10)}${'then'.padStart(10)}   verdict`);
  for (const [what, facts] of EXECS) {
    const recogniser = createRecogniser({ catalogue, files: createFilesOf() });
    const first = microseconds(1, () => recogniser.recognise(facts));
    for (let i = 0; i < WARM_UP; i++) recogniser.recognise(facts);
    const then = microseconds(repetitions, () => recogniser.recognise(facts));
    const verdict = recogniser.recognise(facts)?.verdict ?? '-';
    console.log(
      `${what.padEnd(48)}${first.toFixed(1).padStart(10)}${then.toFixed(2).padStart(10)}   ${verdict}`,
    );
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}

function microseconds(times: number, work: () => unknown): number {
  // CPU time: a busy machine changes little.
  const start = process.cpuUsage();
  for (let i = 0; i < times; i++) work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / times;
}
