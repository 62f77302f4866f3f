import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { lstatSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder, readIfThere, replaceFile, syncDirectory } from '../log/files.ts';
import { formatVkey, parseVkey, type VerifierKey, verifierKey } from '../log/note.ts';
import { bindToTpm, openWithTpm, TpmError, tpmDevice } from './tpm.ts';

/** The Ed25519 key of this host, kept in host.key; the public half stands in host.pub as C2SP vkey lines. */
export interface HostKey {
  readonly privateKey: KeyObject;
  /** 32 bytes. */
  readonly publicKey: Buffer;
  /** tpm2: host.key opens only with this machine's TPM. software: whoever reads host.key has the key. */
  readonly protection: 'tpm2' | 'software';
  /** Folder of host.key and host.pub. */
  readonly directory: string;
}

/** The host key cannot be used; names the file, the cause and the mend. */
export class HostKeyError extends Error {
  override readonly name = 'HostKeyError';
}

const KEY_MODE = 0o600;
const PEM_START = '-----BEGIN';

/**
 * Opens the host key, or makes it at first use: bound to the TPM where there is one that works.
 * @param directory such as STATE/key; made if missing, mode 0700
 * @throws HostKeyError when the file is readable by others, is no Ed25519 key, or cannot be opened
 */
export function openHostKey(directory: string): HostKey {
  makeFolder(directory);
  const path = join(directory, 'host.key');
  return readKey(path, directory) ?? makeKey(path, directory);
}

/**
 * Makes the key that is to replace the host key, in next.key, unless one waits there already. Whoever writes the
 * log sees it, has the old key sign it, and takes it.
 */
export function makeNextKey(directory: string): HostKey {
  return nextKey(directory) ?? makeKey(join(directory, 'next.key'), directory);
}

/** The key that waits to replace the host key. @throws HostKeyError */
export function nextKey(directory: string): HostKey | undefined {
  return readKey(join(directory, 'next.key'), directory);
}

/** Puts the next key in place of the host key, which is gone with that. To be called when the old one has signed it. */
export function adoptNextKey(directory: string): void {
  renameSync(join(directory, 'next.key'), join(directory, 'host.key'));
  syncDirectory(directory);
}

/** Writes host.pub, which is what `spoor verify --key` takes. Earlier keys of the log stay listed in it. */
export function publishKey(key: HostKey, origin: string): void {
  const path = join(key.directory, 'host.pub');
  const line = formatVkey(verifierKey(origin, key.publicKey));
  const lines = (readIfThere(path)?.toString() ?? '').split('\n').filter((known) => known !== '');
  if (!lines.includes(line)) replaceFile(path, `${[...lines, line].join('\n')}\n`, 0o644);
}

/** The keys in host.pub, oldest first. @throws NoteError for a line that is no key */
export function publishedKeys(directory: string): VerifierKey[] {
  const lines = (readIfThere(join(directory, 'host.pub'))?.toString() ?? '').split('\n');
  return lines.filter((line) => line !== '').map(parseVkey);
}

function makeKey(path: string, directory: string): HostKey {
  const privateKey = newPrivateKey();
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' });
  const device = tpmDevice();
  const content = device === undefined ? pem : bind(pem, device, path);
  replaceFile(path, content, KEY_MODE);
  return {
    privateKey,
    publicKey: rawPublicKey(privateKey),
    protection: device === undefined ? 'software' : 'tpm2',
    directory,
  };
}

/** A TPM that is there and does not work is said, not passed over: the key would be weaker than its owner thinks. */
function bind(pem: string | Buffer, device: string, path: string): Buffer {
  try {
    return bindToTpm(pem, device);
  } catch (error) {
    if (!(error instanceof TpmError)) throw error;
    throw new HostKeyError(
      `cannot bind ${path} to the TPM ${device}: ${error.message}; mend the TPM, or set SPOOR_TPM2_DEVICE=none for a key in software`,
    );
  }
}

function readKey(path: string, directory: string): HostKey | undefined {
  const content = readKeyFile(path);
  if (content === undefined) return undefined;
  const inSoftware = content.toString('latin1', 0, PEM_START.length) === PEM_START;
  const pem = inSoftware ? content : openBound(content, path);
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
  const protection = inSoftware ? 'software' : 'tpm2';
  return { privateKey, publicKey: rawPublicKey(privateKey), protection, directory };
}

function openBound(content: Buffer, path: string): Buffer {
  // systemd-creds writes base64 lines; anything else was never written by us.
  if (!/^[A-Za-z0-9+/\n]{256,}={0,2}\n?$/.test(content.toString('latin1')))
    throw new HostKeyError(
      `${path} holds no private key; restore it, or move it away to begin with a new key`,
    );
  const device = tpmDevice();
  if (device === undefined)
    throw new HostKeyError(`${path} is bound to a TPM, and this machine shows none (/dev/tpmrm0)`);
  try {
    return openWithTpm(content, device);
  } catch (error) {
    if (!(error instanceof TpmError)) throw error;
    throw new HostKeyError(
      `${path} does not open with the TPM ${device}: ${error.message}; it opens only on the machine that made it`,
    );
  }
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
