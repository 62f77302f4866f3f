/** Debian's kernel packages, unpacked beside the build and never installed. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { KernelError } from './kernel-error.ts';

/** The meta packages of bookworm: each depends on the newest image of its line. */
const META_PACKAGES = { '6.1': 'linux-image-amd64', '6.12': 'linux-image-6.12-amd64' } as const;

/** A kernel line that Debian keeps up to date. */
export type KernelLine = keyof typeof META_PACKAGES;

export const KERNEL_LINES = Object.keys(META_PACKAGES) as KernelLine[];

export interface Kernel {
  /** The line it was asked for by, such as 6.1. */
  readonly line: KernelLine;
  /** Package and version: names the folder it is unpacked in. */
  readonly packageVersion: string;
  /** The kernel image to boot. */
  readonly image: string;
  /** lib/modules/RELEASE of the package. */
  readonly modules: string;
}

/**
 * Unpacks the newest package of a line into `cache`, once per version.
 * @throws KernelError when apt does not know or cannot fetch it
 */
export function unpackKernel(line: KernelLine, cache: string): Kernel {
  const name = newestImageOf(META_PACKAGES[line]);
  const version = /Candidate: (\S+)/.exec(ask('apt-cache', ['policy', name]))?.[1];
  if (!version) throw new KernelError(`apt offers no version of ${name}; apt-get update may mend it`);

  const packageVersion = `${name}_${version}`;
  const folder = join(cache, packageVersion);
  if (!existsSync(folder)) {
    // Unpacked aside and renamed: a folder that has the name is whole.
    const aside = `${folder}.${process.pid}`;
    mkdirSync(aside, { recursive: true });
    try {
      // apt drops to the user _apt by default, who cannot write into a root-owned folder.
      ask('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', `${name}=${version}`], aside);
      const deb = readdirSync(aside).find((file) => file.endsWith('.deb'));
      if (!deb) throw new KernelError(`apt-get download ${name} left no package`);
      ask('dpkg', ['-x', deb, '.'], aside);
      rmSync(join(aside, deb));
      renameSync(aside, folder);
    } finally {
      rmSync(aside, { recursive: true, force: true });
    }
  }
  const release = readdirSync(join(folder, 'lib/modules'))[0];
  if (!release)
    throw new KernelError(`${packageVersion} holds no modules; remove ${folder} to unpack it again`);
  return {
    line,
    packageVersion,
    image: join(folder, 'boot', `vmlinuz-${release}`),
    modules: join(folder, 'lib/modules', release),
  };
}

function newestImageOf(meta: string): string {
  const image = /Depends: (linux-image-\S+)/.exec(ask('apt-cache', ['depends', meta]))?.[1];
  if (!image) throw new KernelError(`apt's sources have no ${meta}; apt-get update may mend it`);
  return image;
}

function ask(program: string, args: readonly string[], cwd = '.'): string {
  try {
    return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1);
    throw new KernelError(`${program} ${args.join(' ')} failed: ${said || String(error)}`);
  }
}
