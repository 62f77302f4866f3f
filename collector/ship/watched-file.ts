import { type BigIntStats, closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';

/** A token or a PEM bundle; a longer file is none, and is refused. */
const MAX_BYTES = 1024 * 1024;

/** A file of a destination's settings that cannot be used; names the file and the mend, never its content. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}

/** A secret is closed to everybody but its owner and group; a certificate is for anybody to read. */
export type Secrecy = 'secret' | 'public';

/**
 * The content of a file, read again when the file changed, so that tokens and certificates can be rotated while
 * records are shipped. Looking costs one stat() a request.
 */
export class WatchedFile {
  readonly path: string;
  readonly #secrecy: Secrecy;
  #seen: BigIntStats | undefined;
  #content = '';

  constructor(path: string, secrecy: Secrecy) {
    this.path = path;
    this.#secrecy = secrecy;
  }

  /** @throws SettingError */
  read(): string {
    try {
      const now = statSync(this.path, { bigint: true });
      if (!this.#seen || !isSame(this.#seen, now)) this.#load();
    } catch (error) {
      this.#seen = undefined;
      if (error instanceof SettingError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      throw new SettingError(`${this.path} cannot be read (${code}); check the path, its owner and its mode`);
    }
    return this.#content;
  }

  #load(): void {
    // What was looked at and what is read are one file, whatever is renamed meanwhile.
    const file = openSync(this.path, 'r');
    try {
      const stats = fstatSync(file, { bigint: true });
      if (!stats.isFile()) throw new SettingError(`${this.path} is no regular file`);
      if (stats.size > MAX_BYTES)
        throw new SettingError(`${this.path} has ${stats.size} bytes; that is no setting`);
      if (this.#secrecy === 'secret' && stats.mode & 0o007n)
        throw new SettingError(`${this.path} is open to everybody; run: chmod o= ${this.path}`);
      this.#content = readFileSync(file, 'utf8');
      this.#seen = stats;
    } finally {
      closeSync(file);
    }
  }
}

function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return (
    one.ino === other.ino &&
    one.dev === other.dev &&
    one.size === other.size &&
    one.mtimeNs === other.mtimeNs &&
    one.ctimeNs === other.ctimeNs
  );
}
