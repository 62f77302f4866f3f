/** Finds COMMAND before anything is started, so that a typing error costs one line and no session. */

import { accessSync, constants, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Failure } from './failure.ts';

/** execvp(3): where PATH is not set. */
const DEFAULT_PATH = '/bin:/usr/bin';

/**
 * The file that execvp(3) would run, absolute, links not resolved.
 * @throws Failure (2) when there is none that can be run
 */
export function findCommand(command: string, searchPath = process.env.PATH ?? DEFAULT_PATH): string {
  if (command === '') throw new Failure(2, 'COMMAND is empty; write: spoor run -- COMMAND ARGUMENTS');
  if (command.includes('/')) {
    const path = resolve(command);
    const fault = faultOf(path);
    if (fault) throw new Failure(2, `${command}: ${fault}`);
    return path;
  }
  let found: string | undefined;
  for (const folder of searchPath.split(':')) {
    const path = resolve(join(folder === '' ? '.' : folder, command));
    const fault = faultOf(path);
    if (fault === undefined) return path;
    if (fault !== ABSENT) found ??= `${path}: ${fault}`;
  }
  throw new Failure(2, found ?? `${command}: no such command in PATH; name it by its path, or install it`);
}

const ABSENT = 'no such file; check the path';

function faultOf(path: string): string | undefined {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return 'is a folder; name the program in it';
    if (!stat.isFile()) return 'is no regular file, so it cannot be run';
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return ABSENT;
    if (code === 'EACCES') return 'cannot be run (permission denied); chmod +x it, or run as a user who may';
    return `cannot be run (${code})`;
  }
}
