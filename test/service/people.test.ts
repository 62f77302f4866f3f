/** For whom an agent acts and how it was started, told of agents that really were started so. */

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { atEnd, emptyFolder, type Scope } from '../at-end.ts';
import { eventsIn, needsRoot, type PrintedEvent, run } from '../system/spoor.ts';
import { plantCodex } from './agent.ts';
import { startsNaming } from './own-sessions.ts';
import { startService } from './running.ts';

/** Lives until it was looked at; who has ended has no /proc to tell for whom he acted. */
const WAITS = `
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
const [, , seen] = process.argv;
while (!existsSync(seen) && existsSync(dirname(seen))) await setTimeout(50); // the test's folder goes with it
`;
const LOOK_MS = 100;
/** Where a group says who a process belongs to (proc.ts): systemd's own hierarchy on a host with both. */
const GROUPS = ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((path) =>
  existsSync(join(path, 'cgroup.procs')),
);

interface Agent {
  readonly folder: string;
  /** The agent's command line; `mark` tells its session from others. */
  command(mark: string): string;
  /** What session.start says of the agent with that mark, once it is in the log; then lets the agent end. */
  told(mark: string): Promise<PrintedEvent['attributes']>;
}

async function agentBesideService(t: Scope, configuration = ''): Promise<Agent> {
  const folder = emptyFolder(t);
  chmodSync(folder, 0o755);
  const service = await startService(t, { folder, configuration });
  const { command } = plantCodex(join(folder, 'usr'), WAITS);
  const seen = (mark: string) => join(folder, `seen-${mark}`);
  return {
    folder,
    command: (mark) => `${command} ${seen(mark)}`,
    async told(mark) {
      for (;;) {
        const [start] = startsNaming(await eventsIn(service.state, '--event', 'session.start'), seen(mark));
        if (start) {
          writeFileSync(seen(mark), '');
          return start.attributes;
        }
        await pause(LOOK_MS);
      }
    },
  };
}

function inBackground(t: Scope, program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'close');
  atEnd(t, async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return child;
}

/** sshd on loopback that lets root in by a key. @returns the command that logs in */
async function loginByKey(t: Scope, folder: string): Promise<readonly string[]> {
  for (const name of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
  mkdirSync('/run/sshd', { recursive: true });
  // It takes no port of its own choice.
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const daemon = inBackground(t, '/usr/sbin/sshd', [
    ...['-D', '-e', '-f', '/dev/null', '-p', String(port), '-h', join(folder, 'host')],
    ...['-o', 'ListenAddress=127.0.0.1', '-o', `AuthorizedKeysFile=${join(folder, 'user.pub')}`],
    ...['-o', 'StrictModes=no', '-o', 'PidFile=none', '-o', 'UsePAM=no', '-o', 'PermitRootLogin=yes'],
  ]);
  let said = '';
  while (!said.includes('listening')) said += (await once(daemon.stderr as NodeJS.ReadableStream, 'data'))[0];
  return [
    ...['ssh', '-F', 'none', '-i', join(folder, 'user'), '-p', String(port), '-o', 'LogLevel=ERROR'],
    ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '127.0.0.1'],
  ];
}

test(
  "an agent in an ssh login is told as started by ssh, and by the daemon's program",
  needsRoot,
  async (t) => {
    const { folder, command, told } = await agentBesideService(t);
    const [ssh = '', ...args] = await loginByKey(t, folder);
    const login = run(ssh, [...args, `PATH=${process.env.PATH} ${command('ssh')}`]);
    const start = await told('ssh');
    assert.equal((await login).code, 0);
    assert.equal(start['spoor.start.kind'], 'ssh');
    assert.equal(start['spoor.start.through'][0], 'ssh: /usr/sbin/sshd');
  },
);

test('an agent that cron runs is told as started by cron', needsRoot, async (t) => {
  const { folder, command, told } = await agentBesideService(t);
  const table = join(folder, 'table');
  writeFileSync(table, `PATH=${process.env.PATH}\n@reboot ${command('cron')}\n`);
  // Tables of its own: neither the host's jobs run here nor ours there.
  inBackground(t, 'unshare', [
    ...['--mount', '--kill-child', 'sh', '-c'],
    `mount -t tmpfs tmpfs /var/spool/cron && mkdir -m 1730 /var/spool/cron/crontabs
     install -m 600 ${table} /var/spool/cron/crontabs/root
     mount -t tmpfs tmpfs /etc/cron.d && mount --bind /dev/null /etc/crontab && mount -t tmpfs tmpfs /run
     exec /usr/sbin/cron -f`,
  ]);
  const start = await told('cron');
  assert.equal(start['spoor.start.kind'], 'cron');
  assert.equal(start['spoor.start.through'][0], 'cron: /usr/sbin/cron');
});

for (const [kind, program] of [
  ['ide', 'usr/share/code/code'],
  ['ci', 'opt/runner/bin/Runner.Worker'],
  ['desktop', 'usr/libexec/gnome-terminal-server'],
] as const)
  test(`an agent below a running ${program} is told as started by ${kind}`, needsRoot, async (t) => {
    const { folder, command, told } = await agentBesideService(t);
    const starter = join(folder, program);
    mkdirSync(dirname(starter), { recursive: true });
    copyFileSync('/bin/bash', starter);
    const running = run(starter, ['-c', `${command(kind)}; :`]);
    const start = await told(kind);
    assert.equal((await running).code, 0);
    assert.equal(start['spoor.start.kind'], kind);
    assert.equal(start['spoor.start.through'][0], `${kind}: ${starter}`);
  });

test(
  'what the environment says of the start (CI, TERM_PROGRAM, SSH_CONNECTION) changes nothing',
  needsRoot,
  async (t) => {
    const { command, told } = await agentBesideService(t);
    const env = { CI: 'true', TERM_PROGRAM: 'vscode', SSH_CONNECTION: '192.0.2.1 5 192.0.2.2 22' };
    const plain = run('sh', ['-c', `${command('plain')}; :`], {
      env: { CI: '', TERM_PROGRAM: '', SSH_CONNECTION: '' },
    });
    const claiming = run('sh', ['-c', `${command('claims')}; :`], { env });
    const [one, other] = [await told('plain'), await told('claims')];
    await Promise.all([plain, claiming]);
    assert.ok(one['spoor.start.kind']);
    assert.equal(other['spoor.start.kind'], one['spoor.start.kind']);
    assert.deepEqual(other['spoor.start.through'], one['spoor.start.through']);
  },
);

test("an agent in a service's control group is told as started by that service", {
  skip: needsRoot.skip || (GROUPS ? false : 'no cgroup is mounted that names services'),
}, async (t) => {
  const slice = join(GROUPS as string, 'system.slice');
  const group = join(slice, 'spoor-test-agent.service');
  const isOurs = !existsSync(slice);
  mkdirSync(group, { recursive: true });
  atEnd(t, async () => {
    // It holds the group until the kernel has put its last process away.
    while (readFileSync(join(group, 'cgroup.procs'), 'latin1') !== '') await pause(LOOK_MS);
    rmdirSync(group);
    if (isOurs) rmdirSync(slice);
  });
  const { command, told } = await agentBesideService(t);
  // As systemd starts one: in a group of its own, below no program that starts anything.
  const begin = `echo $$ > ${group}/cgroup.procs && exec setsid --fork ${command('service')} > /dev/null 2>&1`;
  await run('setsid', ['--fork', 'sh', '-c', begin]);
  const start = await told('service');
  assert.equal(start['spoor.start.kind'], 'service');
  assert.deepEqual(start['spoor.start.through'], ['service: spoor-test-agent.service']);
});

for (const [changer, line] of [
  // Without -c, which begins a session without a terminal.
  ['su', (command: string) => `su -s /bin/sh nobody --session-command '${command}'`],
  ['sudo', (command: string) => `sudo -u nobody ${command}`],
] as const)
  test(
    `an agent under ${changer} has both users: whom it runs as and who logged in, his subject, and the terminal`,
    needsRoot,
    async (t) => {
      const people = join(emptyFolder(t), 'people.yml');
      writeFileSync(people, 'subjects: { daemon: daemon@example.org }\n', { mode: 0o644 });
      const { folder, command, told } = await agentBesideService(t, `recognise: { people: ${people} }\n`);
      const daemon = execFileSync('id', ['-u', 'daemon'], { encoding: 'utf8' }).trim();
      const terminal = join(folder, 'terminal');
      // As pam_loginuid does at a login; then, on a terminal of its own, as somebody else.
      const login = `echo ${daemon} > /proc/self/loginuid; tty > ${terminal}; ${line(command(changer))}`;
      const running = run('script', ['-qec', login, '/dev/null']);
      const start = await told(changer);
      const { code, stdout } = await running;
      assert.equal(code, 0, stdout.toString());
      assert.equal(start['process.user.name'], 'nobody');
      assert.equal(start['spoor.login.user.name'], 'daemon');
      assert.equal(start['spoor.login.basis'], 'verified');
      assert.equal(start['spoor.login.directory_subject'], 'daemon@example.org');
      assert.deepEqual(start['spoor.start.user_changes'], [`${changer}: root to nobody`]);
      // sudo may give its command a terminal of its own (use_pty).
      if (changer === 'su')
        assert.equal(`/dev/${start['spoor.login.terminal']}`, readFileSync(terminal, 'utf8').trim());
      else assert.match(start['spoor.login.terminal'], /^pts\/\d+$/);
    },
  );
