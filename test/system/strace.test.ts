/** A real build, told twice: by Spoor, and by strace from inside the same session. Both must tell the same. */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { emptyFolder } from '../at-end.ts';
import { eventsIn, needsRoot, type PrintedEvent, spoor } from './spoor.ts';

const MAKEFILE = `all: one two
	./one && exec ./two
one two: %: %.c shared.h
	gcc -Wall -o $@ $<
`;
const MAIN_C = `#include <stdio.h>
#include "shared.h"
int main(void) { puts(GREETING); return 0; }
`;

interface Call {
  readonly pid: number;
  readonly text: string;
}

/** strace's lines, with calls that another thread's interrupted put together again. */
function callsIn(trace: string): Call[] {
  const calls: Call[] = [];
  const unfinished = new Map<number, string>();
  for (const line of trace.split('\n')) {
    const [, pidText, rest] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (pidText === undefined || rest === undefined) continue;
    const pid = Number(pidText);
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    if (rest.endsWith('<unfinished ...>')) unfinished.set(pid, rest.slice(0, -'<unfinished ...>'.length));
    else if (resumed) calls.push({ pid, text: `${unfinished.get(pid) ?? ''}${resumed[1]}` });
    else calls.push({ pid, text: rest });
  }
  return calls;
}

/** A string as strace prints it with -xx: every byte as \xNN. */
function unquoted(printed: string): string {
  const bytes = [...printed.matchAll(/\\x([0-9a-f]{2})/g)].map((match) =>
    Number.parseInt(match[1] as string, 16),
  );
  return Buffer.from(bytes).toString('utf8');
}

function access(flags: string): string {
  return flags.includes('O_RDWR') ? 'read_write' : flags.includes('O_WRONLY') ? 'write' : 'read';
}

function sorted(lines: Iterable<string>): string[] {
  return [...lines].sort();
}

describe('a build watched by strace and by Spoor', needsRoot, () => {
  const folder = emptyFolder({ after });
  const state = join(folder, 'state');
  let calls: Call[];
  let events: PrintedEvent[];
  /** strace itself and what it does before its child's first exec are not in its own account. */
  let traced: Set<number>;

  before(async () => {
    const work = join(folder, 'work');
    mkdirSync(work);
    writeFileSync(join(work, 'Makefile'), MAKEFILE);
    writeFileSync(join(work, 'shared.h'), '#define GREETING "hello"\n');
    writeFileSync(join(work, 'one.c'), MAIN_C);
    writeFileSync(join(work, 'two.c'), MAIN_C);
    const trace = join(folder, 'trace');
    const watch = 'trace=execve,execveat,open,openat,openat2,creat,connect';
    const strace = [
      'strace',
      '-f',
      '-qq',
      '-xx',
      '-y',
      '-s',
      '65536',
      '-v',
      '-e',
      watch,
      '-e',
      'signal=none',
      '-o',
      trace,
    ];
    const outcome = await spoor(['run', '--state', state, '--', ...strace, 'make', '-j2'], { cwd: work });
    assert.equal(outcome.code, 0, outcome.stderr);
    calls = callsIn(readFileSync(trace, 'utf8'));
    events = await eventsIn(state);
    traced = new Set(calls.map((call) => call.pid));
  });

  function told(name: string): PrintedEvent[] {
    return events.filter((event) => event.event_name === name && traced.has(event.attributes['process.pid']));
  }

  test('nothing was lost', () => {
    assert.deepEqual(
      events.filter((event) => event.event_name === 'sensor.gap'),
      [],
    );
  });

  test('every program that was started is told, with each argument, and no other', () => {
    const truth = calls
      .filter((call) => call.text.startsWith('execve(') && call.text.endsWith(' = 0'))
      .map((call) => {
        const [, path = '', args = ''] = /^execve\("([^"]*)", \[(.*?)\], /.exec(call.text) ?? [];
        const words = [...args.matchAll(/"([^"]*)"/g)].map((match) => unquoted(match[1] as string));
        return JSON.stringify([call.pid, unquoted(path), words]);
      });
    const seen = told('process.exec').map(({ attributes }) =>
      JSON.stringify([
        attributes['process.pid'],
        attributes['spoor.process.called_path'],
        attributes['process.command_args'],
      ]),
    );
    assert.ok(truth.length > 10, `strace tells of ${truth.length} programs only`);
    assert.deepEqual(sorted(seen), sorted(truth));
  });

  /** Of each call, how many programs its process had started before: an exec begins anew what counts as first. */
  function programOf(): (call: Call) => number {
    const started = new Map<number, number>();
    return (call) => {
      const before = started.get(call.pid) ?? 0;
      if (/^execve.* = 0$/.test(call.text)) started.set(call.pid, before + 1);
      return before;
    };
  }

  test('every file a program opened is told once for each mode, under its resolved path, and no other', () => {
    const truth = new Map<string, string>();
    const program = programOf();
    for (const call of calls) {
      const number = program(call);
      // openat(AT_FDCWD<...>, "...", O_RDONLY|O_CLOEXEC) = 3</path>
      const [, flags, path] =
        /^open(?:at|at2)?\(.*?(O_(?:RDONLY|WRONLY|RDWR)[^ ,)]*).* = \d+<((?:\\x[0-9a-f]{2})+)>(?:\(deleted\))?$/.exec(
          call.text,
        ) ?? [];
      if (flags === undefined || path === undefined) continue;
      const opened = JSON.stringify([call.pid, unquoted(path), access(flags)]);
      truth.set(`${number} ${opened}`, opened);
    }
    const seen = told('file.open')
      .filter((event) => event.attributes['event.outcome'] === 'success')
      .map(({ attributes }) =>
        JSON.stringify([attributes['process.pid'], attributes['file.path'], attributes['spoor.file.access']]),
      );
    assert.ok(truth.size > 100, `strace tells of ${truth.size} files only`);
    assert.deepEqual(sorted(seen), sorted(truth.values()));
  });

  test('every name that was looked up in vain is told once, with the errno', () => {
    const truth = new Set<string>();
    for (const { text } of calls) {
      const [, folder, path, error] =
        /^open(?:at|at2)?\((?:AT_FDCWD<((?:\\x[0-9a-f]{2})+)>, )?"((?:\\x[0-9a-f]{2})+)".* = -1 (E\w+) /.exec(
          text,
        ) ?? [];
      if (path === undefined || error === undefined) continue;
      const asked = unquoted(path);
      truth.add(
        JSON.stringify([asked.startsWith('/') ? asked : `${unquoted(folder ?? '')}/${asked}`, error]),
      );
    }
    // strace's own look-ups are not in its account.
    const names = new Set([...truth].map((line) => (JSON.parse(line) as [string])[0]));
    const seen = events
      .filter((event) => event.event_name === 'file.open' && event.attributes['event.outcome'] === 'failure')
      .filter(({ attributes }) => traced.has(attributes['process.pid']) || names.has(attributes['file.path']))
      .map(({ attributes }) => JSON.stringify([attributes['file.path'], attributes['error.type']]));
    assert.ok(truth.size > 20, `strace tells of ${truth.size} names only`);
    assert.deepEqual(sorted(seen), sorted(truth));
  });
});
