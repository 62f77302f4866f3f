// bpf/calls_ia32.h against the kernel's own tables, as Debian's linux-libc-dev has them.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const HEADERS = '/usr/include/x86_64-linux-gnu/asm';
const source = readFileSync(
  resolve(import.meta.dirname, '../../../sensors/linux/bpf/calls_ia32.h'),
  'latin1',
);

/** Calls that have another name in the 64-bit table beyond a suffix for the width of ids, offsets or times. */
const RENAMED: { readonly [name: string]: string } = {
  umount: 'umount2',
  oldstat: 'stat',
  oldfstat: 'fstat',
  oldlstat: 'lstat',
  _newselect: 'select',
  waitpid: 'wait4',
  mmap2: 'mmap',
  fstatat64: 'newfstatat',
  ugetrlimit: 'getrlimit',
  _llseek: 'lseek',
};

function numbersOf(header: string): Map<string, number> {
  const text = readFileSync(join(HEADERS, header), 'latin1');
  return new Map(
    [...text.matchAll(/^#define __NR_(\w+)\s+\(?(?:__X32_SYSCALL_BIT \+ )?(\d+)\)?$/gm)].map(
      ([, name, number]) => [String(name), Number(number)],
    ),
  );
}

function tableOf(name: string): number[] {
  const [, body = ''] = new RegExp(`${name}\\[[A-Z0-9_]*\\] = \\{([^}]*)\\}`).exec(source) ?? [];
  const numbers = body.replaceAll(/\/\*.*?\*\//g, '').match(/\d+/g) ?? [];
  return numbers.map((number) => Number(number) - 1);
}

const needsHeaders = existsSync(join(HEADERS, 'unistd_32.h'))
  ? {}
  : { skip: `${HEADERS}/unistd_32.h is not there; install linux-libc-dev` };

test(
  'a call by int 0x80 is told under the number that its name has in the 64-bit table',
  needsHeaders,
  () => {
    const wide = numbersOf('unistd_64.h');
    const table = tableOf('ia32_calls');
    let compared = 0;
    for (const [name, number] of numbersOf('unistd_32.h')) {
      const like = [name, RENAMED[name], name.replace(/(_time64|64|32)$/, '')].find(
        (candidate) => candidate !== undefined && wide.has(candidate),
      );
      if (like === undefined) continue;
      assert.equal(table[number] ?? number, wide.get(like), name);
      compared++;
    }
    assert.ok(compared > 400, `${compared} calls compared`);
  },
);

test(
  'a call that x32 has for itself is told under the number that its name has in the 64-bit table',
  needsHeaders,
  () => {
    const wide = numbersOf('unistd_64.h');
    const own = [...numbersOf('unistd_x32.h')].filter(([, number]) => number >= 512);
    assert.ok(own.length >= 36);
    for (const [name, number] of own) assert.equal(tableOf('x32_calls')[number - 512], wide.get(name), name);
  },
);
