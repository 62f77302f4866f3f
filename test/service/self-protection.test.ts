/** What a watched session does to the service that watches it: a finding each, and the service goes on. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { atEnd, emptyFolder, type Scope } from '../at-end.ts';
import { CHECKOUT, SPOOR } from '../checkout.ts';
import { cgroupRoot } from '../programs/cgroup.ts';
import { eventsIn, needsRoot, run, spoor } from '../system/spoor.ts';
import { keepIn } from './kept.ts';
import { type RunningService, startService } from './running.ts';

/** Each act of test/programs/lay-hands.c and the event, by what of the service it was done to and how, that the finding names. */
const EVIDENCE: Readonly<Record<string, string>> = {
  signal: 'security.signal process SIGCONT',
  'signal by a file': 'security.signal process SIGWINCH',
  limit: 'security.resources process prlimit64',
  'set its priority': 'security.resources process setpriority',
  'set its processors': 'security.resources process sched_setaffinity',
  freeze: 'file.open cgroup write',
  'move to another group': 'security.resources process write',
  trace: 'security.ptrace process ptrace',
  'take a descriptor': 'security.pidfd_getfd process pidfd_getfd',
  'open its memory': 'file.open process read_write',
  unpin: 'file.delete pins unlink',
  unload: 'security.bpf BPF_LINK_DETACH bpf',
  'take a map': 'security.bpf BPF_OBJ_GET bpf',
  'unload a module': 'security.module delete_module delete_module',
  'unmount the state': 'security.mount state umount2',
  'mount over the key': 'security.mount key mount',
  'mount over the pins': 'security.mount pins mount',
  'unmount the pins': 'security.mount pins umount2',
  'edit the log': 'file.open state write',
  'give a file of the log a second name': 'file.link state link',
  'move the state away': 'file.rename state rename',
  'add to the keys': 'file.open key write',
  'read the key': 'file.open key read',
  'edit the settings': 'file.open configuration write',
  'empty the settings': 'file.open configuration read',
  'close the settings to others': 'file.attributes configuration mode',
  'edit the program': 'file.open program write',
  'set flags of the program': 'file.attributes program flags',
  'edit the program by its handle': 'file.open program write',
  'edit a rule': 'file.open rules write',
};
/** Done to nobody else: neither a finding nor refused. */
const HARMLESS = ['mount in a namespace of its own', "mount the pins' file system in a chroot"] as const;
/** Nothing can refuse it, or the call that does it succeeds all the same. */
const NOT_REFUSED: readonly string[] = ['signal by a file', 'move to another group', ...HARMLESS];
/** A kernel without modules has not even the call. */
const NO_MODULE = existsSync('/proc/modules') ? 'ENOENT' : 'ENOSYS';
/** What comes of an act where nothing refuses it, if it is not done: the finding is for the try. */
const IN_VAIN: Readonly<Record<string, string>> = {
  'unload a module': NO_MODULE,
  'unmount the state': 'EINVAL',
  'unmount the pins': 'EBUSY',
};
/** Where another check is asked first, or its caller says it otherwise (mm_access() in kernel/fork.c). */
const REFUSED_OTHERWISE: Readonly<Record<string, string>> = {
  'open its memory': 'EACCES',
  'unload a module': NO_MODULE,
  'unmount the state': 'EINVAL',
};

/** The first of these that an event has says how it was done. */
const HOW = ['spoor.signal.name', 'spoor.file.access', 'spoor.file.change', 'spoor.syscall.name'] as const;

function assertOutcomes(stdout: Buffer, each: 'refused' | 'done'): void {
  const outcomeOf = (act: string) =>
    each === 'done' || NOT_REFUSED.includes(act)
      ? (IN_VAIN[act] ?? 'done')
      : (REFUSED_OTHERWISE[act] ?? 'EPERM');
  const acts = [...Object.keys(EVIDENCE), ...HARMLESS];
  assert.deepEqual(
    JSON.parse(stdout.toString()),
    Object.fromEntries(acts.map((act) => [act, outcomeOf(act)])),
  );
}

/** A service that keeps its watch, and the command that lays hands on it. */
async function attacked(t: Scope, configuration = ''): Promise<{ service: RunningService; hands: string[] }> {
  const folder = emptyFolder(t);
  const keep = keepIn(t);
  const [group, other] = ['watching', 'other'].map((name) =>
    mkdtempSync(join(cgroupRoot(), `spoor-${name}-`)),
  ) as [string, string];
  for (const each of [group, other]) atEnd(t, () => rmdirSync(each));
  const service = await startService(t, {
    folder,
    configuration: `sensor: { keep: ${keep} }\n${configuration}`,
    under: ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', group],
  });
  const hands = [
    join(CHECKOUT, 'build/programs/lay-hands'),
    ...[String(service.pid), keep, service.state, folder, service.configuration],
    join(CHECKOUT, 'dist/collector/cli/main.js'),
    join(CHECKOUT, 'detections/defense/watcher_attacked.yml'),
    group,
    other,
    dirname(keep),
  ];
  return { service, hands };
}

test(
  'whatever a session does to the service is a finding each, refused where the kernel takes LSM hooks, and the service goes on',
  needsRoot,
  async (t) => {
    const { service, hands } = await attacked(t);
    const { tier, acts_on_it: actsOnIt } = await service.says('watching');
    assert.equal(actsOnIt, tier === 'lsm' ? 'refused' : 'reported');
    const { code, stdout, stderr } = await spoor(['run', '--state', service.state, '--', ...hands]);
    assert.equal(code, 0, stderr);
    assertOutcomes(stdout, tier === 'lsm' ? 'refused' : 'done');
    assert.equal(await service.stop(), 0);
    const events = await eventsIn(service.state);
    const found = events.filter(({ event_name }) => event_name === 'finding');
    const evidence = new Set(found.flatMap(({ attributes }) => attributes['spoor.finding.evidence'] ?? []));
    const proved = new Set(
      events
        .filter(({ uid }) => evidence.has(uid))
        .map(({ event_name, attributes: a }) => {
          const of = a['spoor.watcher.part'] ?? a['spoor.syscall.request'] ?? a['spoor.syscall.name'];
          const how = HOW.map((attribute) => a[attribute]).find((value) => value !== undefined);
          return `${event_name} ${of} ${how}`;
        }),
    );
    const harmless = [dirname(service.state), join(dirname(service.state), 'chroot/pins')];
    const mounts = events.filter(({ attributes: a }) => harmless.includes(a['file.path'] ?? ''));
    assert.ok(mounts.length >= harmless.length);
    assert.deepEqual(
      mounts.filter(({ uid }) => evidence.has(uid)),
      [],
    );
    for (const [act, event] of Object.entries(EVIDENCE))
      assert.ok(proved.has(event), `${act}: ${event} is not among ${[...proved].join(', ')}`);
    assert.equal((await spoor(['verify', '--state', service.state])).code, 0);
  },
);

test('who is in no session may do to the service what he may on the host', needsRoot, async (t) => {
  const { service, hands } = await attacked(t);
  // A suspect by its name, and no agent.
  const suspect = join(emptyFolder(t), 'codex');
  symlinkSync(process.execPath, suspect);
  const { stderr } = await run(suspect, [
    '-e',
    `process.kill(${service.pid}, 'SIGCONT');
     require('node:fs').closeSync(require('node:fs').openSync('${service.state}/log/checkpoint', 'r+'));`,
  ]);
  assert.equal(stderr, '');
  const { stdout } = await run(hands[0] as string, hands.slice(1));
  assertOutcomes(stdout, 'done');
  assert.equal(await service.stop(), 0);
});

test('with "protect: report" nothing is refused to a session either', needsRoot, async (t) => {
  const { service, hands } = await attacked(t, 'protect: report\n');
  assert.equal((await service.says('watching')).acts_on_it, 'reported');
  const { stdout } = await spoor(['run', '--state', service.state, '--', ...hands]);
  assertOutcomes(stdout, 'done');
  assert.equal(await service.stop(), 0);
});

test(
  'what was refused to a session is refused while the service is down and its watch is kept',
  needsRoot,
  async (t) => {
    const { service } = await attacked(t);
    const { tier } = await service.says('watching');
    const tries = `echo ready; read go; if true >> ${service.state}/log/checkpoint; then echo done; else echo refused; fi`;
    const child = spawn(SPOOR, ['run', '--state', service.state, '--', 'bash', '-c', tries], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    atEnd(t, () => void child.kill('SIGKILL'));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, 'ready');
    assert.equal(await service.stop(), 0);
    child.stdin.end('go\n');
    assert.equal((await lines.next()).value, tier === 'lsm' ? 'refused' : 'done');
  },
);

test('while nobody judges, a suspect that another suspect began is refused nothing', needsRoot, async (t) => {
  const { service } = await attacked(t);
  await service.says('watching');
  const suspect = join(emptyFolder(t), 'codex');
  symlinkSync(process.execPath, suspect);
  assert.equal(await service.stop(), 0);
  const opens = `fs.closeSync(fs.openSync('${service.state}/log/checkpoint', 'r+'))`;
  const begins = `child_process.execFileSync('${suspect}', ['-e', \`${opens}\`], { stdio: 'inherit' })`;
  const { code, stderr } = await run(suspect, ['-e', begins]);
  assert.equal(code, 0, stderr);
});
