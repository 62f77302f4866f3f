/** What a watched session does to the service that watches it: a finding each, and the service goes on. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { CHECKOUT, SPOOR } from '../checkout.ts';
import { eventsIn, needsRoot, run, type Scope, scratch, spoor } from '../system/spoor.ts';
import { keepIn } from './kept.ts';
import { type RunningService, startService } from './running.ts';

/** Each act of test/programs/lay-hands.c and the event, by what of the service it was done to, that the finding names. */
const EVIDENCE: Readonly<Record<string, string>> = {
  signal: 'security.signal process',
  trace: 'security.ptrace process',
  'take a descriptor': 'security.pidfd_getfd process',
  'open its memory': 'file.open process',
  unpin: 'file.delete pins',
  unload: 'security.bpf BPF_LINK_DETACH',
  'take a map': 'security.bpf BPF_OBJ_GET',
  'unload a module': 'security.module delete_module',
  'unmount the state': 'security.mount state',
  'edit the log': 'file.open state',
  'give a file of the log a second name': 'file.link state',
  'move the state away': 'file.rename state',
  'add to the keys': 'file.open key',
  'read the key': 'file.open key',
  'edit the settings': 'file.open configuration',
  'close the settings to others': 'file.attributes configuration',
  'edit the program': 'file.open program',
  'edit a rule': 'file.open rules',
};
/** What fails on every host, and how depends on the host: the finding is for the try. */
const VAIN: readonly string[] = ['unload a module', 'unmount the state'];
/** Of the call that checks for it (mm_access() in kernel/fork.c). */
const REFUSED_OTHERWISE: Readonly<Record<string, string>> = { 'open its memory': 'EACCES' };

function assertOutcomes(stdout: Buffer, each: 'refused' | 'done'): void {
  const told = JSON.parse(stdout.toString()) as Record<string, string>;
  assert.deepEqual(Object.keys(told), Object.keys(EVIDENCE));
  for (const [act, outcome] of Object.entries(told))
    if (VAIN.includes(act)) assert.notEqual(outcome, 'done', act);
    else assert.equal(outcome, each === 'done' ? 'done' : (REFUSED_OTHERWISE[act] ?? 'EPERM'), act);
}

/** A service that keeps its watch, and the command that lays hands on it. */
async function attacked(t: Scope, configuration = ''): Promise<{ service: RunningService; hands: string[] }> {
  const folder = scratch(t);
  const keep = keepIn(t);
  const service = await startService(t, {
    folder,
    configuration: `sensor: { keep: ${keep} }\n${configuration}`,
  });
  const hands = [
    join(CHECKOUT, 'build/programs/lay-hands'),
    ...[String(service.pid), keep, service.state, folder, service.configuration],
    join(CHECKOUT, 'dist/collector/cli/main.js'),
    join(CHECKOUT, 'detections/defense/watcher_attacked.yml'),
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
        .map(
          ({ event_name, attributes: a }) =>
            `${event_name} ${a['spoor.watcher.part'] ?? a['spoor.syscall.request'] ?? a['spoor.syscall.name']}`,
        ),
    );
    for (const [act, event] of Object.entries(EVIDENCE))
      assert.ok(proved.has(event), `${act}: ${event} is not among ${[...proved].join(', ')}`);
    assert.equal((await spoor(['verify', '--state', service.state])).code, 0);
  },
);

test('who is in no session may do to the service what he may on the host', needsRoot, async (t) => {
  const { service, hands } = await attacked(t);
  // A suspect by its name, and no agent.
  const suspect = join(scratch(t), 'codex');
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
    t.after(() => void child.kill('SIGKILL'));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, 'ready');
    assert.equal(await service.stop(), 0);
    child.stdin.end('go\n');
    assert.equal((await lines.next()).value, tier === 'lsm' ? 'refused' : 'done');
  },
);
