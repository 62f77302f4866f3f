import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createUserNames } from '../../attribute/users.ts';
import { BadInput } from '../bad-input.ts';
import { plant, type Tree } from '../planted.ts';
import { directoryOf } from './directory.ts';
import { createPersonReader, type Person } from './person.ts';
import { createProcReader } from './proc.ts';

const NAMES = new Map([
  [0, 'root'],
  [1000, 'bob'],
  [1001, 'alice'],
]);

/** A process of a planted /proc. */
interface Planted {
  readonly pid: number;
  readonly parent: number;
  readonly executable: string;
  readonly uid: number;
  readonly args?: readonly string[];
  readonly cgroup?: string;
  readonly loginUid?: number;
  /** tty_nr, as /proc/PID/stat has it. */
  readonly tty?: number;
}

function procTree(processes: readonly Planted[]): Tree {
  const tree: Record<string, string> = {};
  for (const { pid, parent, executable, uid, args, cgroup, loginUid, tty } of processes) {
    const folder = `/proc/${pid}`;
    tree[`${folder}/status`] = `Name:\t(odd) name\nPPid:\t${parent}\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\n`;
    tree[`${folder}/exe`] = `-> ${executable}`;
    tree[`${folder}/cmdline`] = `${(args ?? [executable]).join('\0')}\0`;
    tree[`${folder}/cgroup`] = `0::${cgroup ?? '/'}\n`;
    tree[`${folder}/loginuid`] = String(loginUid ?? 4_294_967_295);
    tree[`${folder}/sessionid`] = loginUid === undefined ? '4294967295' : '7';
    tree[`${folder}/stat`] = `${pid} ((odd) name) S ${parent} ${pid} ${pid} ${tty ?? 0} -1 4194304 1 2`;
  }
  return tree;
}

function personIn(t: TestContext, processes: readonly Planted[], more: Tree = {}): Person {
  const root = plant(t, { ...procTree(processes), ...more });
  const read = createPersonReader({
    proc: createProcReader(join(root, 'proc')),
    userName: (id) => NAMES.get(id),
    directorySubject: directoryOf('people.yml', 'subjects: { bob: bob@example.org }\n'),
    loginSessions: join(root, 'run/systemd/sessions'),
  });
  const person = read(processes.at(-1)?.pid ?? 0);
  assert.ok(person);
  return person;
}

const SSHD: readonly Planted[] = [
  { pid: 1, parent: 0, executable: '/usr/lib/systemd/systemd', uid: 0 },
  { pid: 50, parent: 1, executable: '/usr/sbin/sshd', uid: 0 },
  { pid: 60, parent: 50, executable: '/usr/lib/openssh/sshd-session', uid: 0 },
];

test("an agent under sudo -u alice from bob's ssh login: user alice, login user bob, bob's directory subject, both kept", (t) => {
  const person = personIn(t, [
    ...SSHD,
    { pid: 70, parent: 60, executable: '/usr/bin/bash', uid: 1000, loginUid: 1000, tty: 34_816 },
    { pid: 80, parent: 70, executable: '/usr/bin/sudo', uid: 0, loginUid: 1000, tty: 34_817 },
    { pid: 90, parent: 80, executable: '/usr/bin/node', uid: 1001, loginUid: 1000, tty: 34_817 },
  ]);
  assert.deepEqual(person.user, { id: 1001, name: 'alice' });
  assert.deepEqual(person.login, { user: { id: 1000, name: 'bob' }, basis: 'verified' });
  assert.equal(person.directorySubject, 'bob@example.org');
  assert.deepEqual(person.changes, [
    { program: 'sudo', from: { id: 1000, name: 'bob' }, to: { id: 1001, name: 'alice' } },
  ]);
  assert.equal(person.startedBy, 'ssh');
  assert.equal(person.terminal, 'pts/1');
  assert.equal(person.loginSession, '7');
});

test('where no loginuid was set, the login is inferred from the process below sshd', (t) => {
  const person = personIn(t, [
    ...SSHD,
    { pid: 70, parent: 60, executable: '/usr/bin/bash', uid: 1000 },
    { pid: 80, parent: 70, executable: '/usr/bin/su', uid: 0 },
    { pid: 81, parent: 80, executable: '/usr/bin/bash', uid: 0 },
    { pid: 90, parent: 81, executable: '/usr/bin/node', uid: 0 },
  ]);
  assert.deepEqual(person.user, { id: 0, name: 'root' });
  assert.deepEqual(person.login, { user: { id: 1000, name: 'bob' }, basis: 'inferred' });
  assert.equal(person.changes[0]?.program, 'su');
});

const STARTS: readonly [title: string, chain: readonly Planted[], through: readonly string[]][] = [
  ['cron', [{ pid: 2, parent: 1, executable: '/usr/sbin/cron', uid: 0 }], ['cron']],
  [
    'an editor on the desktop',
    [
      { pid: 2, parent: 1, executable: '/usr/bin/gnome-shell', uid: 1000 },
      { pid: 3, parent: 2, executable: '/usr/share/code/code', uid: 1000 },
    ],
    ['ide', 'desktop'],
  ],
  [
    'a remote editor through ssh',
    [
      ...SSHD.slice(1),
      { pid: 70, parent: 60, executable: '/home/bob/.vscode-server/bin/1f/node', uid: 1000 },
    ],
    ['ide', 'ssh'],
  ],
  ['a build server', [{ pid: 2, parent: 1, executable: '/opt/runner/bin/Runner.Worker', uid: 1000 }], ['ci']],
  [
    'a Jenkins worker',
    [
      {
        pid: 2,
        parent: 1,
        executable: '/usr/bin/java',
        uid: 1000,
        args: ['java', '-jar', '/var/lib/jenkins/remoting.jar'],
      },
    ],
    ['ci'],
  ],
  ['the console', [{ pid: 2, parent: 1, executable: '/usr/bin/login', uid: 0 }], ['console']],
];

for (const [title, chain, through] of STARTS)
  test(`started by ${title} is told as ${through.join(' through ')}`, (t) => {
    const top: Planted = { pid: 1, parent: 0, executable: '/usr/lib/systemd/systemd', uid: 0 };
    const agent: Planted = {
      pid: 99,
      parent: chain.at(-1)?.pid ?? 1,
      executable: '/usr/bin/node',
      uid: 1000,
    };
    assert.deepEqual(
      personIn(t, [top, ...chain, agent]).through.map(({ kind }) => kind),
      through,
    );
  });

test('a program named sshd by its comm alone starts nothing', (t) => {
  const person = personIn(t, [
    { pid: 1, parent: 0, executable: '/usr/lib/systemd/systemd', uid: 0 },
    { pid: 2, parent: 1, executable: '/tmp/x', uid: 1000, args: ['sshd: bob [priv]'] },
    { pid: 3, parent: 2, executable: '/usr/bin/node', uid: 1000 },
  ]);
  assert.equal(person.startedBy, 'unknown');
  assert.equal(person.login, undefined);
});

test('work in tmux after logout is told by its login session', (t) => {
  const person = personIn(
    t,
    [
      { pid: 1, parent: 0, executable: '/usr/lib/systemd/systemd', uid: 0 },
      {
        pid: 2,
        parent: 1,
        executable: '/usr/bin/tmux',
        uid: 1000,
        cgroup: '/user.slice/user-1000.slice/session-3.scope',
      },
      {
        pid: 3,
        parent: 2,
        executable: '/usr/bin/node',
        uid: 1000,
        cgroup: '/user.slice/user-1000.slice/session-3.scope',
      },
    ],
    { '/run/systemd/sessions/3': 'UID=1000\nUSER=bob\nREMOTE=1\nSERVICE=sshd\nTYPE=tty\nTTY=pts/0\n' },
  );
  assert.equal(person.startedBy, 'ssh');
  assert.deepEqual(person.login, { user: { id: 1000, name: 'bob' }, basis: 'inferred' });
  assert.equal(person.loginSession, '3');
});

for (const [cgroup, kind, shownBy] of [
  ['/system.slice/acme-agent.service', 'service', 'acme-agent.service'],
  ['/system.slice/docker-0123456789abcdef0123456789abcdef.scope', 'container', '0123456789ab'],
  [
    '/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-claude-123.scope',
    'desktop',
    'app-gnome-claude-123.scope',
  ],
] as const)
  test(`a process of ${cgroup} is told as ${kind}`, (t) => {
    const person = personIn(t, [
      { pid: 1, parent: 0, executable: '/usr/lib/systemd/systemd', uid: 0 },
      { pid: 2, parent: 1, executable: '/usr/bin/node', uid: 1000, cgroup },
    ]);
    assert.deepEqual(person.through, [{ kind, shownBy }]);
  });

test('a mapping file with a wrong key is refused with its place; a domain answers for everybody but root', () => {
  assert.throws(() => directoryOf('people.yml', 'subject: { a: b }\n'), {
    message: 'people.yml:1:1: unknown key "subject"; did you mean "subjects"?',
  });
  assert.throws(() => directoryOf('people.yml', 'subjects: { a: 5 }\n'), BadInput);
  const subject = directoryOf('people.yml', 'subjects: { bob: b-17 }\ndomain: example.org\n');
  assert.deepEqual(
    [subject('bob'), subject('alice'), subject('root')],
    ['b-17', 'alice@example.org', undefined],
  );
});

/** Runs a shell line, asks for the person of the pid it prints, then lets it go. */
async function personOfShell(line: string): Promise<Person | undefined> {
  const child = spawn('/bin/sh', ['-c', line], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const [output] = (await once(child.stdout, 'data')) as [Buffer];
    const read = createPersonReader({ proc: createProcReader(), userName: createUserNames() });
    return read(Number(output.toString().trim()));
  } finally {
    child.stdin.end();
    await once(child, 'close');
  }
}

const IS_ROOT = process.getuid?.() === 0 ? {} : { skip: 'changing the user needs root' };

test(
  'su keeps both users of a real process: whom it runs as, and who logged in by the kernel',
  IS_ROOT,
  async () => {
    const daemon = Number(execFileSync('id', ['-u', 'daemon'], { encoding: 'utf8' }));
    const person = await personOfShell(
      `echo ${daemon} > /proc/self/loginuid; exec su -s /bin/sh nobody -c 'echo $$; read x'`,
    );
    assert.equal(person?.user.name, 'nobody');
    assert.deepEqual(person?.login, { user: { id: daemon, name: 'daemon' }, basis: 'verified' });
    assert.deepEqual(
      person?.changes.map(({ program, from, to }) => [program, from.name, to.name]),
      [['su', 'root', 'nobody']],
    );
  },
);

test('the terminal of a real process on a pseudo terminal is the one tty(1) prints', async () => {
  // script(1) gives its command a new pseudo terminal as controlling terminal.
  const child = spawn('script', ['-qec', 'echo $$ $(tty); read x', '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [output] = (await once(child.stdout, 'data')) as [Buffer];
  const [pid, terminal] = output.toString().trim().split(' ');
  const person = createPersonReader({ proc: createProcReader(), userName: () => undefined })(Number(pid));
  child.stdin.end('\n');
  await once(child, 'close');
  assert.equal(`/dev/${person?.terminal}`, terminal);
});

test('a process that is gone has no person', () => {
  assert.equal(
    createPersonReader({ proc: createProcReader(), userName: () => undefined })(2 ** 22 + 1),
    undefined,
  );
});
