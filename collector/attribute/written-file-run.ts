/**
 * Does a program that starts outside every session run what a session wrote? Asked at its exec.
 *
 *   itself          the executable is such a file                                 by device, inode, generation
 *   as a script     it interprets one: by #!, by its arguments, by standard input by device, inode (and path or hash)
 *   as a job        cron runs a line of a crontab, systemd starts a unit          by the text of the line, the name
 *
 * What a program opens by itself after it has started (.bashrc, a module it imports) is not seen outside sessions.
 */

import { createHash } from 'node:crypto';
import { isAbsolute, normalize, resolve } from 'node:path';
import type { ProcessExec } from '../../sensors/event.ts';
import type { FileIdentity } from '../file-identity.ts';
import { beginningOf, type Found, lookUp, standardInputOf } from './file-look-up.ts';
import type { Handover } from './handover.ts';
import type { Started } from './request.ts';
import { rfc3339 } from './rfc3339.ts';
import { scriptOf } from './script.ts';
import { shown } from './shown.ts';
import type { WrittenFile, WrittenFiles } from './written-files.ts';

/** Scripts and crontabs are compared up to this; a longer script counts as changed, a longer crontab is not searched. */
const MAX_COMPARED_BYTES = 1024 * 1024;

const CRONTAB = /^\/(?:var\/spool\/cron\/.+|etc\/crontab|etc\/cron\.d\/[^/]+)$/;
const CRON = new Set(['cron', 'crond', 'anacron', 'fcron']);
const UNIT =
  /\/systemd\/(?:system|user)(?:\.control)?\/(?:[^/]+\/)?([^/]+)\.(?:service|timer|socket|path)(?:\.d\/[^/]+)?$/;
const AT_SPOOL = /^\/var\/spool\/(?:cron\/atjobs|at)\//;

export interface StartedOutside extends Started {
  readonly seen: ProcessExec;
  /** Whether paths of this boot can be looked up: not in a replay. */
  readonly host: 'this' | 'another';
  readonly wallNs: bigint;
}

interface Run {
  readonly file: WrittenFile;
  /** What was done with the file, for a person. */
  readonly how: string;
}

export function writtenFileRun(files: WrittenFiles, started: StartedOutside): Handover | undefined {
  const run =
    executableRun(files, started) ?? (started.host === 'this' ? lookedUp(files, started) : undefined);
  if (!run) return undefined;
  const { file, how } = run;
  const { writer } = file;
  const by = `${nameOf(writer.executable) || 'a process'} (pid ${writer.pid})`;
  return {
    way: 'written_file',
    session: file.session,
    giver: writer,
    basis: 'inferred',
    evidence: `${how}; written by ${by} of the session at ${rfc3339(file.writtenNs)}`,
    taker: 'joins',
    delayNs: started.wallNs - file.writtenNs,
    about: {
      'file.hash.sha256': file.sha256,
      'file.inode': String(file.inode),
      'file.name': nameOf(file.path),
      'file.path': file.path,
      'spoor.file.device': file.device,
    },
  };
}

function executableRun(files: WrittenFiles, { seen }: StartedOutside): Run | undefined {
  const file = files.byIdentity(seen.executableFile);
  return file && { file, how: `runs ${shown(seen.executable)}, the same inode` };
}

function lookedUp(files: WrittenFiles, started: StartedOutside): Run | undefined {
  return scriptRun(files, started) ?? jobRun(files, started);
}

function scriptRun(files: WrittenFiles, { seen, program, ancestors }: StartedOutside): Run | undefined {
  const script = seen.script ? { path: shown(seen.script) } : scriptOf(program);
  if (!script) return undefined;
  const { pid } = seen.process;
  if (script.path === undefined) {
    const input = standardInputOf(pid);
    const file = input && known(files, input);
    if (!file || isStill(file, file.path) === undefined) return undefined;
    const job = AT_SPOOL.test(file.path) ? ` as a job of ${ancestors()[0]?.name || 'at'}` : '';
    return {
      file,
      how: `${program.executableName} reads ${file.path} as its standard input${job}, the same inode`,
    };
  }
  if (!isAbsolute(script.path) && !isAbsolute(program.workingDirectory)) return undefined;
  const path = normalize(resolve(program.workingDirectory, script.path));
  const found = lookUp(path, pid, seen.namespaces.mount);
  const file = found && known(files, found);
  if (!file) return undefined;
  const state = isStill(file, path);
  if (state === undefined) return undefined;
  return { file, how: `${program.executableName} interprets ${path}, the same inode${state}` };
}

function known(files: WrittenFiles, { identities }: Found): WrittenFile | undefined {
  for (const { device, inode } of identities) {
    const file = files.byInode(device, inode);
    if (file) return file;
  }
  return undefined;
}

/**
 * An inode number is given again after its file was removed, and stat does not tell the generation: so the content
 * or the path must be that of the written file too. Undefined when neither is.
 */
function isStill(file: WrittenFile, path: string): string | undefined {
  const { sha256 } = file;
  const bytes = sha256 === undefined ? undefined : beginningOf(path, file, MAX_COMPARED_BYTES);
  if (bytes && createHash('sha256').update(bytes).digest('hex') === sha256) return ' and content';
  if (path !== file.path) return undefined;
  return bytes ? '; its content has changed since' : '';
}

/** What a daemon starts for a table or a unit that a session wrote. */
function jobRun(files: WrittenFiles, { program, unit, ancestors }: StartedOutside): Run | undefined {
  const [shell, flag, command] = program.args;
  const isCommand = program.args.length === 3 && flag === '-c' && shell !== undefined;
  const isUnit = /\.(?:service|scope)$/.test(unit);
  if (!isCommand && !isUnit) return undefined;
  for (const file of files.jobTables()) {
    if (isCommand && command && CRONTAB.test(file.path)) {
      const above = ancestors();
      // The daemon's child that forked a short job may have ended before it was asked for its name.
      if (above[0]?.name !== '' && !above.some(({ name }) => CRON.has(name))) continue;
      const line = lineWith(file, command);
      if (line > 0) return { file, how: `the command of line ${line} of ${file.path}, word for word` };
    }
    const written = isUnit ? UNIT.exec(file.path)?.[1] : undefined;
    if (written !== undefined && unit === `${written}.service`)
      return { file, how: `systemd starts ${unit}, by ${file.path}` };
  }
  return undefined;
}

/** Number of the line that ends with the command; 0 when there is none. */
function lineWith(file: WrittenFile & FileIdentity, command: string): number {
  const text = beginningOf(file.path, file, MAX_COMPARED_BYTES)?.toString('utf8') ?? '';
  return (
    text.split('\n').findIndex((line) => /^\s*[^#\s]/.test(line) && endsWithWord(line.trimEnd(), command)) + 1
  );
}

function endsWithWord(line: string, command: string): boolean {
  if (!line.endsWith(command.trimEnd())) return false;
  return /\s$/.test(line.slice(0, line.length - command.trimEnd().length));
}

function nameOf(path: string | undefined): string {
  return path?.slice(path.lastIndexOf('/') + 1) ?? '';
}
