/** `spoor status` and `spoor top` beside a service that watches an agent. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { atEnd, emptyFolder } from '../at-end.ts';
import { needsRoot, spoor } from '../system/spoor.ts';
import { plantCodex } from './agent.ts';
import { startService } from './running.ts';

/** Says when it runs, then writes the files it is named on its input, one a line. */
const WRITES_ON_DEMAND = `
import { createInterface } from 'node:readline';
import { writeFileSync } from 'node:fs';
console.log('ready');
for await (const file of createInterface({ input: process.stdin })) { writeFileSync(file, 'x'); console.log('done'); }
`;

test(
  'status tells the session, its user, its live processes and what it wrote, for a person and for programs',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const service = await startService(t, { folder });
    const { command } = plantCodex(join(folder, 'usr'), WRITES_ON_DEMAND);
    const agent = spawn(command, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    atEnd(t, () => void agent.kill('SIGKILL'));
    const lines = createInterface({ input: agent.stdout });
    await once(lines, 'line');

    const top = spoor(['top', '--state', service.state, '--json', '--count', '2', '--interval', '1']);
    agent.stdin.write(`${join(folder, 'one')}\n${join(folder, 'two')}\n`);
    await once(lines, 'line');
    const looks = (await top).stdout.toString().trim().split('\n');
    assert.equal(looks.length, 2);
    const [first, second] = looks.map((line) => JSON.parse(line));
    assert.equal(first.rates, null);
    assert.ok(second.rates.seconds >= 1);
    assert.deepEqual(
      Object.keys(second.rates.sessions),
      second.sessions.map(({ id }: { id: string }) => id),
    );

    const json = await spoor(['status', '--state', service.state, '--json']);
    assert.equal(json.code, 0, json.stderr);
    const status = JSON.parse(json.stdout.toString());
    assert.equal(status.service.pid, service.pid);
    const session = status.sessions.find((one: { root_pid: number }) => one.root_pid === agent.pid);
    assert.equal(session.agent, 'codex');
    assert.equal(session.version, '0.169.0');
    assert.equal(session.user, 'root');
    assert.equal(session.live_processes, 1);
    assert.equal(session.files_written, 2);
    assert.ok(status.cost.rss_bytes > 0);

    const text = (await spoor(['status', '--state', service.state])).stdout.toString();
    assert.match(text, new RegExp(`pid ${service.pid}, since `));
    assert.match(text, new RegExp(`${session.id.slice(0, 8)}  codex 0\\.169\\.0  root  ${agent.pid}  1 `));
    assert.match(text, /losses {4}none/);
  },
);

test('status without a service answers with 1 and how to start it', async (t) => {
  const folder = emptyFolder(t);
  const { code, stdout, stderr } = await spoor(['status', '--state', folder]);
  assert.equal(code, 1);
  assert.equal(stdout.toString(), '');
  assert.match(stderr, /^spoor: no service runs for .*; start it: systemctl start spoor\n$/);
});

test('top refuses an interval that is none, with the numbers it takes', async (t) => {
  const { code, stderr } = await spoor(['top', '--state', emptyFolder(t), '--interval', 'often']);
  assert.equal(code, 2);
  assert.equal(stderr, 'spoor: --interval often: write a number from 0.1 to 3600\n');
});
