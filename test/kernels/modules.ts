/** Kernel modules in the order in which insmod takes them. */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { KernelError } from './kernel-error.ts';

/** The largest module of these is below 4 MiB; xz output past the limit is an error, not a cut file. */
const MAX_MODULE_BYTES = 64 * 1024 * 1024;

/**
 * What the guest needs to find its disks, and what the tests ask of a kernel.
 * Dependencies follow by themselves; softdeps (ext4 on a crc32c) are named here.
 */
const WANTED = [
  'crc32c_generic',
  'virtio_pci',
  'virtio_blk',
  'ext4',
  'overlay',
  'vsock_loopback',
  'binfmt_misc',
  'dummy',
  'loop',
  'tun',
];

export interface Module {
  readonly name: string;
  readonly content: Buffer;
}

/** Reads the wanted modules and all they depend on from lib/modules/RELEASE; built-in ones are left out. */
export function modulesInOrder(folder: string): Module[] {
  const files = new Map<string, string>();
  for (const entry of readdirSync(join(folder, 'kernel'), { recursive: true, encoding: 'utf8' })) {
    const name = /^(.+)\.ko(\.xz)?$/.exec(basename(entry))?.[1];
    if (name) files.set(canonical(name), join(folder, 'kernel', entry));
  }
  const builtIn = new Set(
    readFileSync(join(folder, 'modules.builtin'), 'utf8')
      .split('\n')
      .map((line) => canonical(basename(line, '.ko'))),
  );

  const ordered = new Map<string, Module>();
  function add(name: string): void {
    if (ordered.has(name) || builtIn.has(name)) return;
    const file = files.get(name);
    if (!file) throw new KernelError(`${folder} has no module ${name}`);
    const content = file.endsWith('.xz')
      ? execFileSync('xz', ['-dc', file], { maxBuffer: MAX_MODULE_BYTES })
      : readFileSync(file);
    for (const needed of dependenciesOf(content)) add(needed);
    ordered.set(name, { name, content });
  }
  for (const name of WANTED) add(name);
  return [...ordered.values()];
}

/** The module's own list, from its .modinfo section: NUL-terminated "depends=a,b". */
function dependenciesOf(content: Buffer): string[] {
  const start = content.indexOf('\0depends=') + '\0depends='.length;
  const list = content.toString('latin1', start, content.indexOf(0, start));
  return list.split(',').filter(Boolean).map(canonical);
}

/** The kernel takes - and _ in module names for the same. */
function canonical(name: string): string {
  return name.replaceAll('-', '_');
}
