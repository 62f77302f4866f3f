import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { formatWitnessKey, witnessKey } from '../log/cosignature.ts';
import { replaceFile } from '../log/files.ts';
import { takeLock } from '../log/lock.ts';
import { NoteError, parseVkey, type VerifierKey } from '../log/note.ts';
import { openHostKey } from '../seal/hostkey.ts';
import { memoryIn } from '../witness/memory.ts';
import { serveWitness } from '../witness/server.ts';
import { Witness } from '../witness/witness.ts';
import { Failure } from './failure.ts';
import { printable } from './terminal.ts';

export interface WitnessRunOptions {
  readonly state: string;
  readonly name: string;
  readonly logs: string;
  readonly listen: string;
}

/** Serves until SIGTERM or SIGINT. */
export async function runWitness({ state, name, logs, listen }: WitnessRunOptions): Promise<void> {
  if (name === '' || /[\s+]/.test(name))
    throw new Failure(2, `--name "${name}" has a blank or a plus sign, which a key's name may not have`);
  const address = /^(.+):(\d{1,5})$/.exec(listen);
  if (!address) throw new Failure(2, `--listen "${listen}" is not HOST:PORT, such as 127.0.0.1:7380`);
  const port = Number(address[2]);
  if (port > 65_535) throw new Failure(2, `--listen "${listen}": ${port} is not a port; use 0 to 65535`);
  const listed = new ListedLogs(logs);
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const lock = takeLock(state);
  try {
    const { privateKey, publicKey } = openHostKey(join(state, 'key'));
    const key = witnessKey(name, publicKey);
    const memory = memoryIn(join(state, 'logs'));
    const witness = new Witness({ key, privateKey, keysOf: (origin) => listed.keysOf(origin), memory });
    const server = await serveWitness({
      witness,
      memory,
      host: address[1]?.replace(/^\[|\]$/g, '') ?? '',
      port,
      answered: (request, { status, body }) => {
        if (status === 200 || status === 409) return;
        process.stderr.write(`${printable(`${request}: ${status} ${body.trimEnd()}`)}\n`);
      },
    }).catch((error: NodeJS.ErrnoException) => {
      throw new Failure(3, `--listen ${listen}: ${whyNot(error)}`);
    });
    replaceFile(join(state, 'key/witness.pub'), `${formatWitnessKey(key)}\n`, 0o644);
    process.stdout.write(`listening on port ${server.port} as ${formatWitnessKey(key)}\n`);
    await new Promise((resolve) => {
      process.once('SIGTERM', resolve);
      process.once('SIGINT', resolve);
    });
    await server.close();
  } finally {
    lock.release();
  }
}

function whyNot({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'EADDRINUSE') return 'another program listens there; stop it, or name another port';
  if (code === 'EADDRNOTAVAIL') return 'this host does not have that address; name one of its own';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return 'that name has no address; name an address of this host';
  if (code === 'EACCES') return 'this user may not take that port; name one from 1024 on';
  return `the system refused it (${message}); name another address or port`;
}

/** The file of the logs' keys; read again when it changed, so that a new log needs no restart. */
class ListedLogs {
  readonly #path: string;
  #readMs = -1;
  #keys: readonly VerifierKey[] = [];

  /** @throws Failure when it cannot be read */
  constructor(path: string) {
    this.#path = path;
    this.#read();
  }

  /** The newest key of the log: host.pub lists its keys oldest first, and an older one signs no more. */
  keysOf(origin: string): readonly VerifierKey[] {
    this.#read();
    const newest = this.#keys.findLast(({ name }) => name === origin);
    return newest ? [newest] : [];
  }

  #read(): void {
    try {
      const { mtimeMs } = statSync(this.#path);
      if (mtimeMs === this.#readMs) return;
      const lines = readFileSync(this.#path, 'utf8').split('\n');
      const keys = lines.filter((line) => line.trim() !== '').map(parseVkey);
      if (keys.length === 0) throw new NoteError('no log is listed');
      this.#keys = keys;
      this.#readMs = mtimeMs;
    } catch (error) {
      const cause = error instanceof NoteError ? error.message : (error as NodeJS.ErrnoException).code;
      throw new Failure(2, `${this.#path}: ${cause}; fill it with the host.pub files of the logs to witness`);
    }
  }
}
