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
      port: Number(address[2]),
      answered: (request, { status, body }) => {
        if (status !== 200 && status !== 409) process.stderr.write(`${request}: ${status} ${body}`);
      },
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
      this.#keys = lines.filter((line) => line.trim() !== '').map(parseVkey);
      this.#readMs = mtimeMs;
    } catch (error) {
      const cause = error instanceof NoteError ? error.message : (error as NodeJS.ErrnoException).code;
      throw new Failure(
        2,
        `${this.#path}: ${cause}; it is a copy of the host.pub files of the logs to witness`,
      );
    }
  }
}
