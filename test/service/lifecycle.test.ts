/** What becomes of an agent: a crash, and another version in its place, with who wrote it. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { codexCommand, configureCodex, nativeCodex } from '../agents/codex.ts';
import { startModel } from '../agents/model.ts';
import { atEnd, emptyFolder } from '../at-end.ts';
import { eventsIn, needsRoot, type PrintedEvent, run } from '../system/spoor.ts';
import { plantCodex } from './agent.ts';
import { type RunningService, startService } from './running.ts';

const LOOK_MS = 500;

test('the signal that ended an agent stands in the end of its session', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  const service = await startService(t, { folder, configuration: 'log_level: debug\n' });
  const { command } = plantCodex(join(folder, 'usr'), "process.kill(process.pid, 'SIGSEGV');\n");
  const { signal } = await run(command, []);
  assert.equal(signal, 'SIGSEGV');
  await service.says('session ended');
  await service.stop();
  const end = (await eventsIn(service.state)).find(({ event_name }) => event_name === 'session.end');
  assert.equal(end?.attributes['spoor.process.exit_signal'], 'SIGSEGV');
});

/** The first event that says so of a program in this folder; waits for it. */
async function inventoryEvent(
  { state }: RunningService,
  change: string,
  root: string,
): Promise<PrintedEvent> {
  for (;;) {
    const found = (await eventsIn(state)).find(
      ({ event_name, attributes }) =>
        event_name === 'agent.inventory' &&
        attributes['spoor.inventory.change'] === change &&
        String(attributes['spoor.inventory.path']).startsWith(root),
    );
    if (found) return found;
    await pause(LOOK_MS);
  }
}

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
    const folder = emptyFolder(t);
    const service = await startService(t, { folder });
    const { command } = plantCodex(join(folder, 'usr'), REPLACES_ITSELF);
    const root = join(folder, 'usr/lib/node_modules/@openai/codex');
    const manifest = join(root, 'package.json');
    const program = join(root, 'bin/codex.js');
    const sha256 = () => createHash('sha256').update(readFileSync(program)).digest('hex');
    const before = sha256();
    const changes = (change: string) => inventoryEvent(service, change, root);
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

test('a version that Codex puts beside its own is Codex upgraded, with both versions, both hashes and the session that wrote it', {
  skip: needsRoot.skip || (nativeCodex ? false : 'codex is not installed: make agents'),
}, async (t) => {
  assert.ok(nativeCodex);
  const folder = emptyFolder(t);
  // The inventory looks into homes, where Codex' own installer puts it.
  const home = mkdtempSync('/home/spoor-upgraded-');
  atEnd(t, () => rmSync(home, { recursive: true, force: true }));
  const releases = join(home, '.codex/packages/standalone/releases');
  const [before, after] = ['0.169.0', '0.170.0'].map((version) => join(releases, version, 'bin/codex')) as [
    string,
    string,
  ];
  mkdirSync(dirname(before), { recursive: true });
  copyFileSync(nativeCodex, before);
  const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
  const service = await startService(t, { folder, configuration: 'sensor:\n  ring: 64 MiB\n' });
  const task = async (program: string, commands: readonly string[]): Promise<void> => {
    const model = await startModel({ commands, closing: 'Done.' });
    const env = { HOME: home, CODEX_HOME: configureCodex(home, model), PWD: folder };
    const [command, ...args] = codexCommand(program, 'Go on.') as [string, ...string[]];
    const outcome = await run(command, args, { cwd: folder, env });
    await model.stop();
    assert.equal(outcome.code, 0, outcome.stderr);
  };
  await task(before, ['true']);
  const added = await inventoryEvent(service, 'added', releases);
  assert.equal(added.attributes['gen_ai.agent.version'], '0.169.0');
  assert.equal(added.attributes['spoor.inventory.installed_by'], 'installer');
  await task(before, [`mkdir -p ${dirname(after)}`, `cp ${before} ${after} && printf 0.170.0 >> ${after}`]);
  await task(after, ['true']);

  const { attributes } = await inventoryEvent(service, 'changed', releases);
  await service.stop();
  assert.equal(attributes['spoor.inventory.path'], after);
  assert.equal(attributes['gen_ai.agent.version'], '0.170.0');
  assert.equal(attributes['spoor.inventory.previous_version'], '0.169.0');
  assert.equal(attributes['spoor.inventory.sha256'], sha256(after));
  assert.equal(attributes['spoor.inventory.previous_sha256'], sha256(before));
  const starts = (await eventsIn(service.state))
    .filter(({ event_name }) => event_name === 'session.start')
    .filter(
      (event) =>
        event.attributes['process.user.name'] === 'root' && event.attributes['gen_ai.agent.name'] === 'codex',
    )
    .filter((event) => event.attributes['process.working_directory'] === folder);
  assert.deepEqual(
    starts.map((event) => event.attributes['gen_ai.agent.version']),
    ['0.169.0', '0.169.0', '0.170.0'],
  );
  assert.equal(attributes['spoor.inventory.writer_session'], starts[1]?.attributes['session.id']);
});
