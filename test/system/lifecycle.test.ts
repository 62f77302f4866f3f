/** `spoor run` stands between a person and a command, and neither may notice it. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { atEnd, emptyFolder } from '../at-end.ts';
import { SPOOR } from '../checkout.ts';
import { eventsIn, needsRoot, run, spoor } from './spoor.ts';

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Starts spoor run and resolves with the first line the command prints. */
async function started(state: string, script: string): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(SPOOR, ['run', '--state', state, '--', 'bash', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  assert.ok(child.stdout);
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, line };
}

for (const code of [0, 3, 255])
  test(`a command that ends with ${code} ends spoor run with ${code}`, needsRoot, async (t) => {
    const outcome = await spoor([
      'run',
      '--state',
      join(emptyFolder(t), 'state'),
      '--',
      'bash',
      '-c',
      `exit ${code}`,
    ]);
    assert.equal(outcome.code, code, outcome.stderr);
  });

test(
  'a command killed by a signal ends spoor run with 128 and its number, as in a shell',
  needsRoot,
  async (t) => {
    const outcome = await spoor([
      'run',
      '--state',
      join(emptyFolder(t), 'state'),
      '--',
      'bash',
      '-c',
      'kill -KILL $$',
    ]);
    assert.equal(outcome.code, 128 + 9, outcome.stderr);
  },
);

test('stdin and stdout carry every byte unchanged, and the report goes elsewhere', needsRoot, async (t) => {
  const input = randomBytes(1_000_000);
  const outcome = await spoor(['run', '--state', join(emptyFolder(t), 'state'), '--', 'cat'], { input });
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.ok(
    outcome.stdout.equals(input),
    `${outcome.stdout.length} bytes came back, not the ${input.length} sent`,
  );
});

test(
  'the command finds the environment, the folder and the open files it would have without Spoor',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const look =
      'pwd; env | grep -v -e ^_= -e ^SHLVL= | sort; ls /proc/self/fd; umask; ulimit -a; cat /proc/self/oom_score_adj; grep -e ^Sig -e ^Cap -e NoNewPrivs /proc/self/status';
    const plain = await run('bash', ['-c', look], { cwd: folder });
    const watched = await spoor(['run', '--state', join(folder, 'state'), '--', 'bash', '-c', look], {
      cwd: folder,
    });
    assert.equal(watched.stdout.toString('utf8'), plain.stdout.toString('utf8'));
  },
);

for (const [signal, number] of [
  ['SIGTERM', 15],
  ['SIGINT', 2],
  ['SIGHUP', 1],
  ['SIGUSR1', 10],
] as const)
  test(
    `${signal} sent to spoor run reaches the command, which decides what becomes of it`,
    needsRoot,
    async (t) => {
      const state = join(emptyFolder(t), 'state');
      const trap = `trap 'kill %1; exit ${number}' ${signal.slice(3)}; sleep 300 & echo ready; wait`;
      const { child } = await started(state, trap);
      child.kill(signal);
      const [code] = (await once(child, 'exit')) as [number | null];
      assert.equal(code, number);
      const ends = await eventsIn(state, '--event', 'session.end');
      assert.equal(ends.length, 1); // the log was closed in order, not left where the signal found it
    },
  );

test('a daemon left behind does not hold up spoor run, and the report names it', needsRoot, async (t) => {
  const state = join(emptyFolder(t), 'state');
  // setsid and closed descriptors: what a real daemon does. The second keeps the command's stdout open.
  const script = `setsid sleep 301 </dev/null >/dev/null 2>&1 & echo $!; setsid sleep 302 & exit 4`;
  const child = spawn(SPOOR, ['run', '--state', state, '--', 'bash', '-c', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let report = '';
  child.stderr.on('data', (chunk: Buffer) => {
    report += chunk.toString('utf8');
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.equal(code, 4);
  const [end] = await eventsIn(state, '--event', 'session.end');
  const remaining = end?.attributes['spoor.session.remaining_pids'] as number[];
  atEnd(t, () => {
    for (const pid of remaining) process.kill(pid, 'SIGKILL');
  });
  assert.equal(remaining.length, 2);
  for (const pid of remaining) {
    assert.ok(isAlive(pid), `${pid} was ended by spoor`);
    assert.match(report, new RegExp(`\\b${pid}\\b`));
  }
  assert.equal(end?.attributes['spoor.session.end_reason'], 'watcher_stopped');
});

/** Runs a command line under a terminal of script(1)'s making; what is typed is written to it. */
function inTerminal(line: string, typed: string): Promise<{ code: number | null; stdout: Buffer }> {
  return run('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    input: Buffer.from(typed),
  });
}

test(
  'the command has the terminal: it is one, it has its size, and the line typed arrives',
  needsRoot,
  async (t) => {
    const state = join(emptyFolder(t), 'state');
    const look =
      'stty rows 33 cols 99; tty; stty size; read -r typed; echo got:$typed; ps -o tpgid= -o pgid= -p $$';
    const { code, stdout } = await inTerminal(
      `exec ${SPOOR} run --state ${state} -- bash -c '${look}'`,
      'hello terminal\n',
    );
    const shown = stdout.toString('utf8');
    assert.equal(code, 0, shown);
    assert.match(shown, /\/dev\/pts\/\d+/);
    assert.match(shown, /\b33 99\b/);
    assert.match(shown, /got:hello terminal/);
    const [, foreground, group] = /(\d+)\s+(\d+)\s*$/m.exec(shown.split('got:')[1] ?? '') ?? [];
    assert.equal(group, foreground); // else its next read would stop it (SIGTTIN)
  },
);

test(
  'Ctrl-C in the terminal reaches the command, and spoor run outlives it to write the report',
  needsRoot,
  async (t) => {
    const state = join(emptyFolder(t), 'state');
    const wait = 'trap "exit 21" INT; echo ready; while :; do sleep 0.1; done';
    // script(1) hands ETX to the line discipline, which makes SIGINT of it for the whole foreground group.
    const child = spawn(
      'script',
      [
        '--quiet',
        '--return',
        '--command',
        `exec ${SPOOR} run --state ${state} -- bash -c '${wait}'`,
        '/dev/null',
      ],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    let shown = '';
    child.stdout.on('data', (chunk: Buffer) => {
      if (!shown.includes('ready') && `${shown}${chunk}`.includes('ready')) child.stdin.write('\x03');
      shown += chunk.toString('utf8');
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    child.stdin.end();
    assert.equal(code, 21, shown);
    assert.equal((await eventsIn(state, '--event', 'session.end')).length, 1);
  },
);

test(
  'two sessions at once in one state folder: the second is refused in one line and breaks nothing',
  needsRoot,
  async (t) => {
    const state = join(emptyFolder(t), 'state');
    const { child } = await started(state, 'echo ready; exec sleep 300');
    const second = await spoor(['run', '--state', state, '--', 'true']);
    child.kill('SIGTERM');
    await once(child, 'exit');
    assert.equal(second.code, 2, second.stderr);
    assert.equal(second.stderr.trimEnd().split('\n').length, 1, second.stderr);
    const verified = await spoor(['verify', '--state', state]);
    assert.equal(verified.code, 0, verified.stderr);
  },
);
