import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { readRecords } from '../log/reader.ts';
import { decodeLeaf } from '../log/record.ts';
import { verifyLog } from '../verify/verify.ts';
import { makeNextKey, openHostKey } from './hostkey.ts';
import { openSeal } from './seal.ts';

/** These tests talk to a software TPM of Debian's (swtpm), through the library systemd itself loads for it. */
const TOOLS = ['swtpm', 'systemd-creds'];
const missing = TOOLS.filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
const needsTpm = { skip: missing.length > 0 && `${missing.join(' and ')} is not installed here` };

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'log-tpm-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A TPM of its own with empty storage: another machine. */
async function startTpm(t: TestContext): Promise<string> {
  const state = folder(t);
  const socket = join(state, 'socket');
  const appeared = new Promise<void>((resolve) => {
    const watcher = watch(state, () => {
      if (!existsSync(socket)) return;
      watcher.close();
      resolve();
    });
  });
  const tpm: ChildProcess = spawn(
    'swtpm',
    [
      'socket',
      '--tpm2',
      '--tpmstate',
      `dir=${state}`,
      '--server',
      `type=unixio,path=${socket}`,
      '--ctrl',
      `type=unixio,path=${socket}.ctrl`,
      '--flags',
      'not-need-init,startup-clear',
    ],
    { stdio: 'ignore' },
  );
  t.after(async () => {
    tpm.kill();
    if (tpm.exitCode === null && tpm.signalCode === null) await once(tpm, 'exit');
  });
  await appeared;
  return `swtpm:path=${socket}`;
}

function withTpm<Result>(device: string, act: () => Result): Result {
  const before = process.env.SPOOR_TPM2_DEVICE;
  process.env.SPOOR_TPM2_DEVICE = device;
  try {
    return act();
  } finally {
    if (before === undefined) delete process.env.SPOOR_TPM2_DEVICE;
    else process.env.SPOOR_TPM2_DEVICE = before;
  }
}

test(
  'a key made where there is a TPM opens with that TPM, and its file does not hold it',
  needsTpm,
  async (t) => {
    const tpm = await startTpm(t);
    const directory = folder(t);
    const made = withTpm(tpm, () => openHostKey(directory));
    assert.equal(made.protection, 'tpm2');
    const stored = readFileSync(join(directory, 'host.key'));
    assert.equal(statSync(join(directory, 'host.key')).mode & 0o777, 0o600);
    const seed = made.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
    assert.ok(!stored.includes('PRIVATE KEY') && !stored.includes(seed.toString('base64')));
    assert.ok(!Buffer.from(stored.toString(), 'base64').includes(seed));
    assert.deepEqual(withTpm(tpm, () => openHostKey(directory)).publicKey, made.publicKey);
  },
);

test("a copied key file does not open with another machine's TPM, nor without one", needsTpm, async (t) => {
  const [tpm, other] = [await startTpm(t), await startTpm(t)];
  const directory = folder(t);
  withTpm(tpm, () => openHostKey(directory));
  assert.throws(() => withTpm(other, () => openHostKey(directory)), {
    name: 'HostKeyError',
    message: /host\.key does not open with the TPM swtpm:path=.*; it opens only on the machine that made it$/,
  });
  assert.throws(() => withTpm('none', () => openHostKey(directory)), {
    name: 'HostKeyError',
    message: /host\.key is bound to a TPM, and this machine shows none/,
  });
});

test('a TPM that does not answer is an error at first use, not a weaker key', needsTpm, (t) => {
  const directory = folder(t);
  assert.throws(() => withTpm('swtpm:path=/nowhere/socket', () => openHostKey(directory)), {
    name: 'HostKeyError',
    message:
      /cannot bind .*host\.key to the TPM swtpm:path=\/nowhere\/socket: .*; mend the TPM, or set SPOOR_TPM2_DEVICE=none/,
  });
  assert.ok(!existsSync(join(directory, 'host.key')));
});

test(
  'the log says how its key is kept, before and after a change from software to the TPM',
  needsTpm,
  async (t) => {
    const tpm = await startTpm(t);
    const state = folder(t);
    const [log, key] = [join(state, 'log'), join(state, 'key')];
    const open = (): ReturnType<typeof openSeal> =>
      openSeal({ directory: log, hostKey: openHostKey(key), hostId: 'h' });
    await (await withTpm('none', open)).close();
    withTpm(tpm, () => makeNextKey(key));
    process.env.SPOOR_TPM2_DEVICE = tpm;
    t.after(() => delete process.env.SPOOR_TPM2_DEVICE);
    await (await open()).close();
    await (await open()).close();
    const said: unknown[] = [];
    for await (const records of readRecords(log, 0, 100))
      for (const { leaf } of records) {
        const { eventName, attributes } = decodeLeaf(leaf);
        said.push([eventName, attributes['spoor.log.key_protection']]);
      }
    assert.deepEqual(said, [
      ['log.open', 'software'],
      ['log.open', 'software'],
      ['log.key', 'tpm2'],
      ['log.open', 'tpm2'],
    ]);
    assert.equal((await verifyLog(log)).integrity, 'intact');
  },
);
