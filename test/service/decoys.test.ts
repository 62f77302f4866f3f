/**
 * The recogniser's decoys as real programs under a real service, in a mount namespace in which each lies at its path:
 * none begins a session. Beside them two that do, so that the silence means something.
 */

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { DECOYS, HOME, USED_AGENTS } from '../../collector/recognise/decoys.ts';
import { grow, npmPackage, type Tree } from '../../collector/recognise/planted.ts';
import { emptyFolder } from '../at-end.ts';
import { CHECKOUT } from '../checkout.ts';
import { eventsIn, needsRoot, run } from '../system/spoor.ts';
import type { ProgramToRun } from './run-decoys.ts';
import { startService } from './running.ts';

/** Hide the machine's folders of these names; the rest of the machine stays. */
const BOUND = ['/home', '/opt', '/usr/local', '/usr/games', '/usr/lib/node_modules'];
/** Lie over the machine's, whose other files stay. */
const OVERLAID = ['/usr/bin', '/usr/sbin', '/usr/share'];
/** Run scripts here, and the service itself. */
const REAL = new Set(['/usr/bin/node', '/usr/bin/bash']);
const EDITOR = '/usr/share/cursor/cursor';

const LOOK_MS = 200;

/** What the files of these are: a real program of any kind, which ends at once. */
function isProgram(content: string): boolean {
  return content.startsWith('\x7fELF');
}

/** Plants below a folder; what would be an executable is one. */
function growReal(root: string, tree: Tree): void {
  const texts = Object.entries(tree).filter(([path, content]) => !REAL.has(path) && !isProgram(content));
  grow(root, Object.fromEntries(texts));
  for (const [path, content] of Object.entries(tree)) {
    if (!isProgram(content) || REAL.has(path)) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    copyFileSync('/bin/true', join(root, path));
  }
}

/** Enters a mount namespace furnished from the folder and becomes the command that follows. */
function furnished(root: string): string[] {
  const script = [
    'set -e',
    'mount --make-rprivate /',
    ...BOUND.map((folder) => `mount --bind ${root}${folder} ${folder}`),
    ...OVERLAID.map((folder) => `mount -t overlay overlay -o lowerdir=${root}${folder}:${folder} ${folder}`),
    `mount --bind ${root}/etc/passwd /etc/passwd`,
    'exec "$@"',
  ].join('\n');
  return ['unshare', '--mount', '--', 'sh', '-c', script, 'sh'];
}

test(
  'fifty decoys run for real begin no session, nor does a shell in an editor; an agent there does, and what the editor starts with its mark',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const root = join(folder, 'root');
    // Go's build information is in the program itself; an editor's part is played below.
    const decoys = DECOYS.filter(
      ({ startedByApp, tree }) =>
        !startedByApp && !Object.values(tree ?? {}).some((text) => text.includes('Go buildinf')),
    );
    assert.ok(decoys.length >= 50, String(decoys.length));
    for (const place of [...BOUND, ...OVERLAID, `${HOME}/work`])
      mkdirSync(join(root, place), { recursive: true });
    for (const decoy of decoys) growReal(root, decoy.tree ?? {});
    growReal(root, {
      ...USED_AGENTS,
      ...npmPackage('/usr/local', '@openai/codex', '0.169.0', { codex: 'bin/codex.js' }),
      '/etc/passwd': `root:x:0:0::${HOME}:/bin/bash\n`,
      // No machine has Python in just this version; what runs a script is told by its name.
      '/usr/bin/python3.12': '\x7fELF',
    });
    mkdirSync(dirname(join(root, EDITOR)), { recursive: true });
    copyFileSync('/bin/dash', join(root, EDITOR));

    const service = await startService(t, {
      folder,
      under: furnished(root),
      configuration: 'sensor:\n  ring: 64 MiB\n',
    });
    const outcomes = async (programs: readonly ProgramToRun[]): Promise<unknown[]> => {
      const list = join(folder, 'programs.json');
      writeFileSync(list, JSON.stringify(programs));
      const runner = [process.execPath, join(CHECKOUT, 'dist/test/service/run-decoys.js'), list];
      const { stdout, stderr } = await run('nsenter', [
        `--mount=/proc/${service.pid}/ns/mnt`,
        '--',
        ...runner,
      ]);
      assert.match(stdout.toString(), /^\[/, stderr);
      return JSON.parse(stdout.toString()) as unknown[];
    };
    const there = { workingDirectory: `${HOME}/work`, environment: {} };
    // Two commands, or dash would become the one.
    const starts = (program: string) => ['cursor', '-c', `${program}; :`];
    const ran = await outcomes([
      ...decoys.map(({ executable, args, environment = {} }) => ({
        ...there,
        executable,
        args,
        environment,
      })),
      {
        ...there,
        executable: EDITOR,
        args: starts('/usr/bin/bash -c :'),
        environment: { TERM_PROGRAM: 'vscode' },
      },
    ]);
    assert.deepEqual(
      ran
        .map((outcome, index) => [decoys[index]?.what, outcome])
        .filter(([, outcome]) => typeof outcome === 'string'),
      [],
    );
    await outcomes([{ ...there, executable: '/usr/local/bin/codex', args: ['codex'] }]);
    // No word of its command line makes it a suspect, so it is told apart only while it runs.
    const go = join(root, HOME, 'go');
    await run('mkfifo', [go]);
    const byEditor = outcomes([
      {
        ...there,
        executable: EDITOR,
        args: starts(`/usr/bin/bash -c "read x < ${HOME}/go"`),
        environment: { CURSOR_SANDBOX: '1' },
      },
    ]);
    const begunHere = async () =>
      (await eventsIn(service.state, '--event', 'session.start'))
        .map(({ attributes }) => attributes)
        .filter((start) => start['process.working_directory'] === there.workingDirectory)
        .map((start) => [start['gen_ai.agent.name'], start['process.command_args'].join(' ')]);
    while ((await begunHere()).length < 2) await pause(LOOK_MS);
    await run('/bin/sh', ['-c', `echo go > ${go}`]);
    await byEditor;
    assert.equal(await service.stop(), 0);
    const begun = await begunHere();
    assert.deepEqual(begun, [
      ['codex', 'node /usr/local/bin/codex'],
      ['cursor', `/usr/bin/bash -c read x < ${HOME}/go`],
    ]);
  },
);
