import { lstatSync, watch } from 'node:fs';
import { join } from 'node:path';
import { newestCheckpoint } from '../log/journal.ts';
import { livingWriter } from '../log/lock.ts';
import { verifierKey } from '../log/note.ts';
import { makeNextKey, openHostKey, publishedKeys } from '../seal/hostkey.ts';
import { openSeal } from '../seal/seal.ts';
import { hostId } from '../ship/resource.ts';
import { Failure } from './failure.ts';

/** How long the process that writes the log may take to change keys: it has to sign, and to wait for the disk. */
const ROTATION_PATIENCE_MS = 30_000;

export interface KeyOptions {
  readonly state: string;
  readonly json?: true;
}

export function showKey({ state, json }: KeyOptions): void {
  const directory = join(state, 'key');
  needHostKey(directory, `no log was written under ${state} yet`);
  const key = openHostKey(directory);
  const origin = newestCheckpoint(join(state, 'log'))?.checkpoint.origin ?? '';
  const published = publishedKeys(directory);
  const keyId =
    published.find(({ publicKey }) => publicKey.equals(key.publicKey))?.keyId ??
    verifierKey(origin, key.publicKey).keyId;
  const before = published.filter((old) => old.keyId !== keyId).map((old) => old.keyId);
  const facts = {
    key_id: keyId,
    protection: key.protection,
    origin,
    public_key: join(directory, 'host.pub'),
    before,
  };
  if (json) {
    process.stdout.write(`${JSON.stringify(facts)}\n`);
    return;
  }
  const kept =
    key.protection === 'tpm2'
      ? "bound to this machine's TPM 2.0"
      : 'in software: whoever reads host.key has it';
  process.stdout.write(
    `key        ${keyId}, ${kept}\nlog        ${origin}\npublic     ${facts.public_key}: keep a copy elsewhere, for spoor verify --key\n` +
      (before.length > 0 ? `before     ${before.join(', ')}\n` : ''),
  );
}

export async function rotateKey({ state }: KeyOptions): Promise<void> {
  const directory = join(state, 'key');
  needHostKey(directory, `there is no key to rotate under ${state}`);
  const writer = livingWriter(join(state, 'log'));
  const next = makeNextKey(directory);
  if (writer) await untilPublished(directory, next.publicKey, `process ${writer.pid} (${writer.command})`);
  else {
    // Nobody writes: opening the log finds the next key and changes over to it.
    const seal = await openSeal({
      directory: join(state, 'log'),
      hostKey: openHostKey(directory),
      hostId: hostId(),
    });
    await seal.close();
  }
  const keys = publishedKeys(directory);
  const [old, current] = [keys.at(-2), keys.at(-1)];
  process.stdout.write(
    `key ${old?.keyId} signed key ${current?.keyId}, which signs from now on (${next.protection})\n`,
  );
}

/** @throws Failure where the key cannot be seen: the folder is open to its owner only */
function needHostKey(directory: string, absent: string): void {
  const path = join(directory, 'host.key');
  try {
    lstatSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure(
      2,
      code === 'ENOENT'
        ? `${path} is not there: ${absent}`
        : `cannot read ${path} (${code}); run as its owner`,
    );
  }
}

/** Resolves when host.pub lists the key: that is what the writer does when the change is signed and on disk. */
async function untilPublished(directory: string, publicKey: Buffer, writer: string): Promise<void> {
  const isPublished = (): boolean => publishedKeys(directory).some((key) => key.publicKey.equals(publicKey));
  await new Promise<void>((resolve, reject) => {
    const changes = watch(directory, () => {
      if (isPublished()) finish();
    });
    const timer = setTimeout(() => {
      changes.close();
      reject(
        new Failure(
          1,
          `${writer}, which writes the log, did not change keys within ${ROTATION_PATIENCE_MS / 1000} s; the new key waits in ${join(directory, 'next.key')}`,
        ),
      );
    }, ROTATION_PATIENCE_MS);
    function finish(): void {
      clearTimeout(timer);
      changes.close();
      resolve();
    }
    if (isPublished()) finish();
  });
}
