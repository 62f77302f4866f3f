/** What becomes of an agent: a crash, and another version in its place, with who wrote it. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { eventsIn, needsRoot, type PrintedEvent, run, scratch } from '../system/spoor.ts';
import { plantCodex } from './agent.ts';
import { startService } from './running.ts';

const LOOK_MS = 500;

test('the signal that ended an agent stands in the end of its session', needsRoot, async (t) => {
  const folder = scratch(t);
  const service = await startService(t, { folder, configuration: 'log_level: debug\n' });
  const { command } = plantCodex(join(folder, 'usr'), "process.kill(process.pid, 'SIGSEGV');\n");
  const { signal } = await run(command, []);
  assert.equal(signal, 'SIGSEGV');
  await service.says('session ended');
  await service.stop();
  const end = (await eventsIn(service.state)).find(({ event_name }) => event_name === 'session.end');
  assert.equal(end?.attributes['spoor.process.exit_signal'], 'SIGSEGV');
});

/** Writes itself anew, program and manifest, when it is told where it lies; then runs until a file says that it was looked at, or its own is gone. */
const REPLACES_ITSELF = `
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
const [, , seen, manifest] = process.argv;
if (manifest) {
  const written = JSON.parse(readFileSync(manifest, 'utf8'));
  writeFileSync(manifest, JSON.stringify({ ...written, version: '0.170.0' }));
  writeFileSync(process.argv[1], readFileSync(process.argv[1], 'utf8') + '// 0.170.0\\n');
}
while (!existsSync(seen) && existsSync(process.argv[1])) await setTimeout(100); // the test's folder goes with it
`;

test(
  'an agent that replaces itself is an inventory event with both versions, both hashes and the session that wrote the new one',
  needsRoot,
  async (t) => {
    const folder = scratch(t);
    const service = await startService(t, { folder });
    const { command } = plantCodex(join(folder, 'usr'), REPLACES_ITSELF);
    const root = join(folder, 'usr/lib/node_modules/@openai/codex');
    const manifest = join(root, 'package.json');
    const program = join(root, 'bin/codex.js');
    const sha256 = () => createHash('sha256').update(readFileSync(program)).digest('hex');
    const before = sha256();
    const changes = async (change: string): Promise<PrintedEvent> => {
      for (;;) {
        const found = (await eventsIn(service.state)).find(
          ({ event_name, attributes }) =>
            event_name === 'agent.inventory' &&
            attributes['spoor.inventory.change'] === change &&
            String(attributes['spoor.inventory.path']).startsWith(root),
        );
        if (found) return found;
        await pause(LOOK_MS);
      }
    };
    const [one, two, three] = ['one', 'two', 'three'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const first = run(command, [one]);
    assert.equal((await changes('added')).attributes['gen_ai.agent.version'], '0.169.0');
    writeFileSync(one, '');
    await first;
    const second = run(command, [two, manifest]);
    // The version is what its files say when it begins.
    while (!readFileSync(manifest, 'utf8').includes('0.170.0')) await pause(LOOK_MS);
    const third = run(command, [three]);
    const { attributes } = await changes('changed');
    writeFileSync(two, '');
    writeFileSync(three, '');
    await Promise.all([second, third]);
    assert.equal(attributes['gen_ai.agent.version'], '0.170.0');
    assert.equal(attributes['spoor.inventory.previous_version'], '0.169.0');
    assert.notEqual(sha256(), before);
    assert.equal(attributes['spoor.inventory.sha256'], sha256());
    assert.equal(attributes['spoor.inventory.previous_sha256'], before);
    const starts = (await eventsIn(service.state)).filter(
      ({ event_name, attributes: said }) =>
        event_name === 'session.start' && said['process.command_args']?.includes(manifest),
    );
    assert.ok(starts[0]);
    assert.equal(attributes['spoor.inventory.writer_session'], starts[0]?.attributes['session.id']);
  },
);
