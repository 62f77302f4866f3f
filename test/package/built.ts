/**
 * `make test-package-built`: is the package the same bytes when built twice, what is in it, and how does systemd rate
 * the unit? Exit code: 0 all claims hold, 1 one does not.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILT, builtElsewhere, claim, DEB } from './build.ts';
import { contentsHold } from './contents.ts';

function builtHolds(): boolean {
  const work = mkdtempSync(join(tmpdir(), 'spoor-package-'));
  try {
    const root = join(work, 'root');
    execFileSync('dpkg-deb', ['-R', DEB, root]);
    const holds = contentsHold(root);
    const sums = readFileSync(join(BUILT, 'SHA256SUMS'), 'utf8');
    const again = builtElsewhere(work);
    return claim('another checkout builds the same bytes', again === sums ? [] : [sums, again]) && holds;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

process.exitCode = builtHolds() ? 0 : 1;
