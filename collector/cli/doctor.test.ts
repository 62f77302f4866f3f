/** `spoor doctor` on hosts that lack something: each lack is made for real, in a mount namespace of the test's own. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { SPOOR } from '../../test/checkout.ts';
import { needsSensor } from '../../test/programs/session.ts';

interface Diagnosis {
  readonly checks: readonly { readonly subject: string; readonly state: string; readonly detail: string }[];
  readonly acts_on_service: 'refused' | 'reported' | null;
  readonly sights: readonly { readonly family: string; readonly state: string; readonly reason: string }[];
}

/** Runs `spoor doctor --json`, after `lack` was done to the mounts that it sees. */
function doctorAfter(lack: string): { code: number | null; diagnosis: Diagnosis } {
  const script = `set -e; ${lack}\nexec "${SPOOR}" doctor --json`;
  const ran = spawnSync('unshare', ['--mount', 'bash', '-c', script], { encoding: 'utf8' });
  assert.match(ran.stdout, /^\{/, ran.stderr);
  return { code: ran.status, diagnosis: JSON.parse(ran.stdout) };
}

function check({ checks }: Diagnosis, subject: string) {
  const found = checks.find((one) => one.subject === subject);
  assert.ok(found, `no check of ${subject}`);
  return found;
}

test('on a whole host every act is seen, and the exit code is 0', needsSensor, () => {
  const { code, diagnosis } = doctorAfter(':');
  assert.deepEqual(
    diagnosis.sights.filter(({ state }) => state !== 'seen'),
    [],
  );
  assert.ok(diagnosis.sights.length > 20);
  const isLsm = check(diagnosis, 'sensor').detail.endsWith('tier lsm');
  assert.equal(diagnosis.acts_on_service, isLsm ? 'refused' : 'reported');
  assert.match(
    check(diagnosis, 'protect').detail,
    isLsm ? /is refused \(tier lsm/ : /tier tracepoint cannot/,
  );
  assert.equal(code, 0);
});

test('without cgroup 2 what goes over sockets is not seen, and the mend is named: 1', needsSensor, () => {
  const { code, diagnosis } = doctorAfter(
    'for place in $(awk \'$3 == "cgroup2" {print $2}\' /proc/self/mounts); do umount -l "$place"; done',
  );
  const absent = diagnosis.sights.filter(({ state }) => state === 'absent').map(({ family }) => family);
  assert.deepEqual(absent, ['network.close', 'tls.hello', 'dns.query', 'named_host']);
  for (const { state, reason } of diagnosis.sights)
    if (state === 'absent') assert.match(reason, /mount -t cgroup2/);
  assert.match(check(diagnosis, 'cgroup2').detail, /mount -t cgroup2 none \/sys\/fs\/cgroup/);
  assert.equal(code, 1);
});

test(
  'without the types of the kernel nothing can be watched, and the reason is one line: 3',
  needsSensor,
  () => {
    const { code, diagnosis } = doctorAfter('mount --bind /dev/null /sys/kernel/btf/vmlinux');
    const { state, detail } = check(diagnosis, 'sensor');
    assert.equal(state, 'bad');
    assert.match(
      detail,
      /^\/sys\/kernel\/btf\/vmlinux is empty; run a kernel built with CONFIG_DEBUG_INFO_BTF=y$/,
    );
    assert.deepEqual(diagnosis.sights, []);
    assert.equal(code, 3);
  },
);

test('spoor run without the types of the kernel does not run COMMAND: 3, and why', needsSensor, (t) => {
  const folder = emptyFolder(t);
  const script = `mount --bind /dev/null /sys/kernel/btf/vmlinux && exec "${SPOOR}" run --state ${folder}/state -- touch ${folder}/ran`;
  const ran = spawnSync('unshare', ['--mount', 'bash', '-c', script], { encoding: 'utf8' });
  assert.equal(ran.status, 3);
  assert.match(ran.stderr, /vmlinux is empty; run a kernel built with CONFIG_DEBUG_INFO_BTF=y/);
  assert.ok(!readdirSync(folder).includes('ran'));
});

test('for another user than root nothing can be watched, and sudo is the mend: 3', needsSensor, () => {
  const script = `exec setpriv --reuid 65534 --regid 65534 --clear-groups "${process.execPath}" "${SPOOR}" doctor --json --state /nonexistent`;
  const ran = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  const diagnosis: Diagnosis = JSON.parse(ran.stdout);
  assert.match(check(diagnosis, 'sensor').detail, /watching the kernel needs root.*use sudo/);
  assert.match(check(diagnosis, 'rights').detail, /CAP_BPF/);
  assert.equal(ran.status, 3);
});

test(
  'what a dead process of ours has left pinned is named, with the command that removes it',
  needsSensor,
  () => {
    const { diagnosis } = doctorAfter(
      'mount -t bpf none /sys/fs/bpf; bpftool map create /sys/fs/bpf/spoor-left type array key 4 value 4 entries 1 name left',
    );
    const { state, detail } = check(diagnosis, 'leftovers');
    assert.equal(state, 'bad');
    assert.match(detail, /rm -r \/sys\/fs\/bpf\/spoor-left$/);
  },
);

test('what a running service keeps pinned is its own, and nobody is told to remove it', needsSensor, () => {
  const { diagnosis } = doctorAfter(
    'mount -t bpf none /sys/fs/bpf; mkdir /sys/fs/bpf/spoor; exec 9< /sys/fs/bpf/spoor; flock 9',
  );
  assert.equal(check(diagnosis, 'leftovers').state, 'good');
  const { state, detail } = check(diagnosis, 'kept');
  assert.equal(state, 'good');
  assert.match(detail, /^\/sys\/fs\/bpf\/spoor is the watch of the service, process \d+$/);
});

test(
  'what a stopped service left for the next is named with the command that ends it in order',
  needsSensor,
  () => {
    const { diagnosis } = doctorAfter('mount -t bpf none /sys/fs/bpf; mkdir /sys/fs/bpf/spoor');
    assert.equal(check(diagnosis, 'leftovers').state, 'good');
    const { state, detail } = check(diagnosis, 'kept');
    assert.equal(state, 'not_yet');
    assert.match(detail, /goes on watching for a service that is stopped; .*spoor service --end-watch$/);
  },
);

/** Programs that this process has hooked up, by the kernel's number (proc(5), fdinfo of a link). */
function programsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fdinfo`;
  return readdirSync(folder).flatMap((descriptor) => {
    let about: string;
    try {
      about = readFileSync(`${folder}/${descriptor}`, 'latin1');
    } catch {
      return []; // closed meanwhile: links stay open
    }
    return /^link_id:/m.test(about) ? (/^prog_id:\s+(\d+)/m.exec(about)?.[1] ?? []) : [];
  });
}

test(
  'a watcher that is killed leaves no program in the kernel, and the next one sees everything',
  needsSensor,
  async (t) => {
    const command = ['sh', '-c', 'echo $$; exec sleep 60'];
    const watcher = spawn(SPOOR, ['run', '--state', `${emptyFolder(t)}/state`, '--', ...command], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = once(watcher, 'exit');
    const [watched] = await once(createInterface({ input: watcher.stdout }), 'line');
    const programs = programsOf(watcher.pid as number);
    watcher.kill('SIGKILL');
    await ended;
    process.kill(Number(watched));
    assert.ok(programs.length > 5, 'the watcher had hooked up nothing');
    assert.equal(doctorAfter(':').code, 0);
    for (const id of programs)
      assert.notEqual(spawnSync('bpftool', ['prog', 'show', 'id', id]).status, 0, `program ${id}`);
  },
);
