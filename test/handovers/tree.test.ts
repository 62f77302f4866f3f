import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsSensor } from '../programs/session.ts';
import { beginSession, execOf, handoversIn } from './session.ts';

/** Ways out of a process group, a terminal, a parent and a namespace, none of which leads out of the tree. */
const WAYS: readonly (readonly [string, string])[] = [
  ['nohup', 'nohup /bin/echo by-nohup'],
  ['setsid', 'setsid --fork --wait /bin/echo by-setsid'],
  ['a double fork', '( ( setsid /bin/echo by-double-fork & ) & ); wait'],
  ['unshare, a new pid namespace', 'unshare --pid --fork /bin/echo by-unshare'],
  ['bwrap, a new root', 'bwrap --unshare-all --bind / /newroot --chdir / --ro-bind / / /bin/echo by-bwrap'],
  [
    'tmux, a server of the session',
    'tmux -L spoor-$$ -f /dev/null new-session -d "/bin/echo by-tmux" \\; wait-for -S x',
  ],
];

test('what leaves its parent, terminal or namespace but not the tree stays exact', needsSensor, async (t) => {
  const session = await beginSession(t);
  for (const [, line] of WAYS) await session.does(`${line} >/dev/null 2>&1`);
  for (const [name, line] of WAYS) {
    const marker = /by-[a-z-]+/.exec(line)?.[0] ?? '';
    const exec = await session.until(
      ({ event_name, attributes }) =>
        event_name === 'process.exec' &&
        attributes['process.executable.name'] === 'echo' &&
        String(attributes['process.command_args']).includes(marker),
    );
    assert.equal(exec.attributes['spoor.session.basis'], 'exact', name);
    assert.equal(exec.attributes['spoor.session.evidence'], 'fork chain', name);
  }
  const { events } = await session.end();
  assert.deepEqual(handoversIn(events), []);
  assert.ok(execOf(events, (args) => args.includes('by-nohup')).length > 0);
});
