import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readIfThere, replaceFile } from '../log/files.ts';
import { formatVkey, verifierKey } from '../log/note.ts';

/** The Ed25519 key of this host: PKCS#8 PEM in host.key, the public half as C2SP vkey lines in host.pub. */
export interface HostKey {
  readonly privateKey: KeyObject;
  /** 32 bytes. */
  readonly publicKey: Buffer;
  /** Folder of host.key and host.pub. */
  readonly directory: string;
}

/** The host key cannot be used; names the file, the cause and the mend. */
export class HostKeyError extends Error {
  override readonly name = 'HostKeyError';
}

const KEY_MODE = 0o600;

/**
 * Opens the host key, or makes it at first use.
 * @param directory such as STATE/key; made if missing, mode 0700
 * @throws HostKeyError when the file is readable by others, is no Ed25519 key, or cannot be read
 */
export function openHostKey(directory: string): HostKey {
  const path = join(directory, 'host.key');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const pem = readKeyFile(path);
  if (pem === undefined) {
    const privateKey = newPrivateKey();
    replaceFile(path, privateKey.export({ format: 'pem', type: 'pkcs8' }), KEY_MODE);
    // The umask may have taken bits away, never added any; but a key others may read must not come from us.
    chmodSync(path, KEY_MODE);
    return { privateKey, publicKey: rawPublicKey(privateKey), directory };
  }
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch {
    throw new HostKeyError(
      `${path} holds no private key; restore it, or move it away to begin with a new key`,
    );
  }
  if (privateKey.asymmetricKeyType !== 'ed25519')
    throw new HostKeyError(
      `${path} is a key of type ${privateKey.asymmetricKeyType}; the host key is Ed25519`,
    );
  return { privateKey, publicKey: rawPublicKey(privateKey), directory };
}

/** Writes host.pub, which is what `spoor verify --key` takes. Older keys of the log stay listed in it. */
export function publishKey(key: HostKey, origin: string): void {
  const path = join(key.directory, 'host.pub');
  const line = formatVkey(verifierKey(origin, key.publicKey));
  const lines = (readIfThere(path)?.toString() ?? '').split('\n').filter((known) => known !== '');
  if (!lines.includes(line)) replaceFile(path, `${[...lines, line].join('\n')}\n`, 0o644);
}

function readKeyFile(path: string): Buffer | undefined {
  let mode: number;
  try {
    const stat = lstatSync(path);
    if (!stat.isFile()) throw new HostKeyError(`${path} is not a regular file; move it away`);
    mode = stat.mode & 0o777;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (error instanceof HostKeyError) throw error;
    throw new HostKeyError(
      `cannot read ${path} (${(error as NodeJS.ErrnoException).code}); run as its owner`,
    );
  }
  if (mode !== KEY_MODE)
    throw new HostKeyError(
      `${path} has mode ${mode.toString(8).padStart(4, '0')}, so others could have read or changed it; ` +
        `if nobody did, chmod 600 ${path}`,
    );
  try {
    return readIfThere(path);
  } catch (error) {
    throw new HostKeyError(
      `cannot read ${path} (${(error as NodeJS.ErrnoException).code}); run as its owner`,
    );
  }
}

/** PKCS#8 of an Ed25519 key up to its seed (RFC 8410, section 7). */
const PKCS8_BEFORE_SEED = Buffer.from('302e020100300506032b657004220420', 'hex');
const KEY_BYTES = 32;

/**
 * Not by generateKeyPairSync(): a JWK export holds the key's lock while it allocates, and when that collects the
 * garbage of the key's own making, whose destructor wants the same lock, Node 20 waits for itself for ever.
 */
function newPrivateKey(): KeyObject {
  const key = Buffer.concat([PKCS8_BEFORE_SEED, randomBytes(KEY_BYTES)]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

/** The last 32 bytes of the public key's SPKI (RFC 8410, section 4) are the key. */
function rawPublicKey(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES);
}
