/**
 * `make test-package`, after what built.ts claims: does the Debian package serve its owner?
 *
 * Installed, upgraded and removed it is in a clean Debian with its own systemd and Debian's kernel, under QEMU: a crash
 * of the emulator is tried again, and never a pass. Exit code: 0 all claims hold, 1 one does not.
 */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootUntilFinished } from '../kernels/attempts.ts';
import { initramfs, jobDisk, makeExt4 } from '../kernels/disks.ts';
import { modulesInOrder } from '../kernels/modules.ts';
import { unpackKernel } from '../kernels/package.ts';
import { DEB, PROJECT, say, versionOf } from './build.ts';
import { cleanDebian } from './clean-debian.ts';

/** What systemd's own rating may say at most, in tenths; it was 3.7 when the unit was written. */
const EXPOSURE_TENTHS = 37;

/** Two versions of the package and the script that tries them, as a disk. */
function trialDisk(work: string): string {
  const folder = join(work, 'trial');
  mkdirSync(folder);
  const version = versionOf(join(PROJECT, 'package.json'));
  cpSync(DEB, join(folder, 'old.deb'));
  // The same package with the next number stands for the next version.
  const next = version.replace(/\d+$/, (patch) => String(Number(patch) + 1));
  const raw = join(work, 'next');
  execFileSync('dpkg-deb', ['-R', DEB, raw]);
  for (const file of ['DEBIAN/control', 'usr/lib/spoor/package.json'])
    execFileSync('sed', ['-i', `s/${version.replaceAll('.', '\\.')}/${next}/`, join(raw, file)]);
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zzstd', '-z1', '-b', raw, join(folder, 'new.deb')]);
  rmSync(raw, { recursive: true });
  cpSync(join(PROJECT, 'test/package/try.sh'), join(folder, 'try.sh'));
  const image = join(work, 'trial.ext4');
  makeExt4(folder, image);
  return image;
}

async function main(): Promise<boolean> {
  const rating = execFileSync(
    'systemd-analyze',
    [
      'security',
      '--offline=true',
      `--threshold=${EXPOSURE_TENTHS}`,
      join(PROJECT, 'collector/service/spoor.service'),
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  process.stdout.write(rating);

  const work = mkdtempSync(join(tmpdir(), 'spoor-package-'));
  try {
    const cache = join(PROJECT, 'build/kernels');
    mkdirSync(join(cache, 'log'), { recursive: true });
    const kernel = unpackKernel('6.1', cache);
    const verdict = await bootUntilFinished(
      {
        kernel,
        initramfs: initramfs(
          modulesInOrder(kernel.modules),
          join(PROJECT, 'test/package/guest-init.sh'),
          work,
        ),
        systemDisk: cleanDebian(join(PROJECT, 'build/package')),
        projectDisk: trialDisk(work),
      },
      () => jobDisk([], work),
      join(cache, 'log', `package-${kernel.packageVersion}`),
    );
    say(
      `Debian with ${kernel.packageVersion}: ${verdict === 0 ? 'all claims hold' : `exit code ${verdict ?? 'none, it only crashed'}`}`,
    );
    return verdict === 0;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

process.exitCode = (await main()) ? 0 : 1;
