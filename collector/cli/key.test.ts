import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { SPOOR } from '../../test/checkout.ts';
import { NEEDS_ROOT } from '../../test/spoor.ts';
import { publishedKeys } from '../seal/hostkey.ts';
import { verifyLog } from '../verify/verify.ts';

/** uid and gid of the user nobody. */
const NOBODY = 65_534;

function stateFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'log-keycli-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A process that writes a log, 100 events a millisecond, until its stdin ends; says "open" when it began. */
function startWriter(state: string): ReturnType<typeof spawn> {
  const script = `
    import { openSeal } from ${JSON.stringify(new URL('../seal/seal.js', import.meta.url).href)};
    import { openHostKey } from ${JSON.stringify(new URL('../seal/hostkey.js', import.meta.url).href)};
    const seal = await openSeal({ directory: '${state}/log', hostKey: openHostKey('${state}/key'), hostId: 'h' });
    process.stdout.write('open\\n');
    let made = 0;
    const timer = setInterval(() => {
      const batch = [];
      for (let i = 0; i < 100; i++)
        batch.push({ name: 'file.open', uid: String(made++).padStart(26, '0'), timeNs: 1n, severity: 9, traceId: '',
          spanId: '', attributes: { 'file.path': '/tmp/' + made }, seen: undefined });
      seal.append(batch);
    }, 1);
    process.stdin.on('end', async () => {
      clearInterval(timer);
      await seal.close();
      process.stdout.write(String(made));
    }).resume();
  `;
  return spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

test('spoor key rotate changes the key of a log that another process is writing, and no record is lost', async (t) => {
  const state = stateFolder(t);
  const writer = startWriter(state);
  let said = '';
  const ended = new Promise((resolve) => writer.on('close', resolve));
  await new Promise<void>((resolve) => {
    writer.stdout?.on('data', (chunk) => {
      said += chunk;
      if (said.startsWith('open\n')) resolve();
    });
  });
  const told = execFileSync(SPOOR, ['key', 'rotate', '--state', state], { encoding: 'utf8' });
  assert.match(told, /^key [0-9a-f]{8} signed key [0-9a-f]{8}, which signs from now on \(software\)\n$/);
  writer.stdin?.end();
  await ended;
  const made = Number(said.slice('open\n'.length));
  const verdict = await verifyLog(join(state, 'log'), publishedKeys(join(state, 'key')).slice(0, 1));
  assert.deepEqual(verdict.problems, []);
  assert.equal(verdict.size, made + 2, 'log.open and log.key besides');
  assert.equal(verdict.keyIds.length, 2);
});

test('spoor key rotate and show tell of a log that nobody writes', async (t) => {
  const state = stateFolder(t);
  const empty = spawnSync(SPOOR, ['key', 'rotate', '--state', state], { encoding: 'utf8' });
  assert.equal(empty.status, 2);
  assert.match(empty.stderr, /host\.key is not there: there is no key to rotate under /);
  const writer = startWriter(state);
  await new Promise((resolve) => writer.stdout?.once('data', resolve));
  writer.stdin?.end();
  await new Promise((resolve) => writer.on('close', resolve));
  execFileSync(SPOOR, ['key', 'rotate', '--state', state]);
  assert.ok(!existsSync(join(state, 'key/next.key')));
  const facts = JSON.parse(
    execFileSync(SPOOR, ['key', 'show', '--json', '--state', state], { encoding: 'utf8' }),
  );
  const [old, current] = publishedKeys(join(state, 'key')).map(({ keyId }) => keyId);
  assert.equal(facts.key_id, current);
  assert.deepEqual(facts.before, [old]);
  assert.equal(facts.protection, 'software');
  assert.equal(spawnSync(SPOOR, ['verify', '--state', state]).status, 0);
});

test('who may not see the key is told so, and not that there is none', { skip: NEEDS_ROOT }, async (t) => {
  const state = stateFolder(t);
  const writer = startWriter(state);
  await new Promise((resolve) => writer.stdout?.once('data', resolve));
  writer.stdin?.end();
  await new Promise((resolve) => writer.on('close', resolve));
  chmodSync(state, 0o755);
  for (const action of ['rotate', 'show']) {
    const other = { uid: NOBODY, gid: NOBODY, encoding: 'utf8' } as const;
    const refused = spawnSync(SPOOR, ['key', action, '--state', state], other);
    assert.equal(refused.status, 2);
    assert.equal(refused.stderr, `spoor: cannot read ${state}/key/host.key (EACCES); run as its owner\n`);
  }
});
