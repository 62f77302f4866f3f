/**
 * The state folder: everything Spoor keeps on this host.
 *
 *   spoor.json   {"spoor":"state","format":1}; its presence says that the folder is Spoor's
 *   key/         the host key
 *   log/         the signed log
 *   ship/        how far each receiver has been served
 *   handover/    files that sessions wrote, by which later runs of them are known
 *   detect.json  what rules remember: windows of correlations, what is usual for an agent
 */

import {
  accessSync,
  constants,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Failure } from './failure.ts';

const FORMAT = 1;
const MARKER = 'spoor.json';
/** Others may neither read what was recorded nor put anything in its way. */
const FOLDER_MODE = 0o700;

/** What helps where it is not the owner that is wrong. */
const MENDS: Readonly<Record<string, string>> = {
  EDQUOT: 'free space in the quota of its owner',
  ENOSPC: 'free space on its disk',
  EROFS: 'remount its file system for writing',
};

export interface StateFolder {
  readonly directory: string;
  readonly keyDirectory: string;
  readonly logDirectory: string;
  readonly shipDirectory: string;
  readonly handoverDirectory: string;
}

/** /var/lib/spoor for root; for others $XDG_STATE_HOME/spoor (XDG base directory specification 0.8). */
export function defaultStateDirectory(): string {
  if (process.geteuid?.() === 0) return '/var/lib/spoor';
  const home = process.env.XDG_STATE_HOME;
  // The specification: a path that is not absolute is invalid and to be ignored.
  return join(home?.startsWith('/') ? home : join(homedir(), '.local', 'state'), 'spoor');
}

/** Opens the folder for writing; makes it at first use. @throws Failure (2) when it is not ours or not writable */
export function openState(path: string): StateFolder {
  const directory = resolved(path);
  if (!statOf(directory)) make(directory);
  const folder = check(directory);
  if (readMarker(directory) === undefined) {
    if (readdirSync(directory).length > 0) {
      throw new Failure(
        2,
        `${directory} is not a Spoor state folder (it has no ${MARKER}) and is not empty; name another by --state`,
      );
    }
    writeMarker(directory);
  }
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    const probe = join(directory, MARKER);
    accessSync(probe, constants.W_OK);
  } catch (error) {
    throw notWritable(directory, error);
  }
  return folder;
}

/** The folder of a command that only reads. @throws Failure (2) when there is none, or it is not ours */
export function readState(path: string): StateFolder {
  const directory = resolved(path);
  if (!statOf(directory)) {
    throw new Failure(
      2,
      `${directory} does not exist, so nothing was recorded there; name the state folder by --state`,
    );
  }
  const folder = check(directory);
  if (readMarker(directory) === undefined) {
    throw new Failure(
      2,
      `${directory} is not a Spoor state folder (it has no ${MARKER}); name it by --state`,
    );
  }
  return folder;
}

/** An empty word is a variable without a value in somebody's script, and would mean the working directory. */
function resolved(path: string): string {
  if (path === '') throw new Failure(2, '--state is empty; name the state folder by it, or leave it out');
  return resolve(path);
}

function check(directory: string): StateFolder {
  const stat = statOf(directory);
  if (!stat?.isDirectory())
    throw new Failure(2, `${directory} is not a folder; name the state folder by --state`);
  const owner = process.geteuid?.();
  // Somebody else's folder could be swapped under us, and a log in it would prove nothing.
  if (stat.uid !== owner) {
    throw new Failure(
      2,
      `${directory} belongs to uid ${stat.uid} and this is uid ${owner}; run as its owner, or name another by --state`,
    );
  }
  return {
    directory,
    keyDirectory: join(directory, 'key'),
    logDirectory: join(directory, 'log'),
    shipDirectory: join(directory, 'ship'),
    handoverDirectory: join(directory, 'handover'),
  };
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return undefined;
    throw new Failure(2, `${path} cannot be reached (${code}); name the state folder by --state`);
  }
}

function make(directory: string): void {
  try {
    mkdirSync(dirname(directory), { recursive: true, mode: FOLDER_MODE });
    // By itself: told to make parents too, Node 20 says ENOENT for a mount that is read-only.
    mkdirSync(directory, { mode: FOLDER_MODE });
  } catch (error) {
    throw new Failure(
      2,
      `${directory} cannot be made (${codeOf(error)}); name another state folder by --state`,
    );
  }
}

/** The format of the folder, undefined without a marker. @throws Failure when the marker says something else */
function readMarker(directory: string): number | undefined {
  const path = join(directory, MARKER);
  let text: string;
  try {
    if (!lstatSync(path).isFile())
      throw new Failure(2, `${path} is not a regular file; this is no Spoor state folder`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Failure) throw error;
    const code = codeOf(error);
    if (code === 'ENOENT') return undefined;
    throw new Failure(2, `${path} cannot be read (${code}); run as its owner`);
  }
  const format = formatIn(text);
  if (format === undefined) {
    throw new Failure(2, `${path} says no state format; restore it to {"spoor":"state","format":${FORMAT}}`);
  }
  if (format > FORMAT) {
    throw new Failure(
      2,
      `${path} says format ${format}, and this Spoor knows up to ${FORMAT}; use the newer Spoor that wrote it`,
    );
  }
  return format;
}

function formatIn(text: string): number | undefined {
  try {
    const marker = JSON.parse(text) as { spoor?: unknown; format?: unknown } | null;
    return marker?.spoor === 'state' && typeof marker.format === 'number' ? marker.format : undefined;
  } catch {
    return undefined; // not JSON: told by the caller, with the mend
  }
}

function writeMarker(directory: string): void {
  const path = join(directory, MARKER);
  try {
    writeFileSync(path, `{"spoor":"state","format":${FORMAT}}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw notWritable(directory, error);
  }
}

function notWritable(directory: string, error: unknown): Failure {
  const code = codeOf(error);
  const mend = MENDS[code] ?? 'run as its owner';
  return new Failure(2, `${directory} cannot be written (${code}); ${mend}, or name another by --state`);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
