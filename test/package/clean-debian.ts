/** A Debian as it is after its installation, as a disk: systemd, what Spoor's package depends on, one user. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeExt4 } from '../kernels/disks.ts';

/** Beyond Debian's minimal system. The package is installed without a network, so what it depends on is here. */
const PACKAGES = ['systemd', 'systemd-sysv', 'libbpf1', 'libstdc++6', 'debconf', 'procps'];

/** Runs what lies on the second disk, once the system is up, and tells its result as test/kernels/boot.ts reads it. */
const TRY_SERVICE = `[Unit]
After=basic.target
[Service]
Type=oneshot
StandardOutput=file:/dev/ttyS1
StandardError=inherit
ExecStart=/bin/sh -c 'stty -F /dev/ttyS1 raw; sh /mnt/try.sh 2>&1; echo "SPOOR-GUEST-RESULT kernel=$(uname -r) exit=$?"; stty -F /dev/ttyS1 raw; systemctl poweroff --force --force'
[Install]
WantedBy=multi-user.target
`;

/** The disk's image, made once and then found again in `cache`. Needs the network of apt, and root. */
export function cleanDebian(cache: string): string {
  mkdirSync(cache, { recursive: true });
  const image = join(cache, 'debian.ext4');
  const made = `${image}.made`;
  const recipe = JSON.stringify([PACKAGES, TRY_SERVICE]);
  if (existsSync(image) && existsSync(made) && readFileSync(made, 'utf8') === recipe) return image;

  const root = join(cache, 'debian.new');
  rmSync(root, { recursive: true, force: true });
  execFileSync(
    'debootstrap',
    ['--variant=minbase', `--include=${PACKAGES.join(',')}`, 'bookworm', root, mirror()],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  execFileSync('chroot', [root, 'useradd', '--create-home', '--shell', '/bin/bash', 'alice']);
  writeFileSync(join(root, 'etc/hostname'), 'clean\n');
  writeFileSync(join(root, 'etc/systemd/system/try.service'), TRY_SERVICE);
  execFileSync('chroot', [root, 'systemctl', 'enable', 'try.service'], { stdio: 'ignore' });
  makeExt4(root, `${image}.new`);
  rmSync(root, { recursive: true });
  renameSync(`${image}.new`, image);
  writeFileSync(made, recipe);
  return image;
}

/** Where this host's apt takes bookworm from. */
function mirror(): string {
  const folder = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list', ...readdirSync(folder).map((name) => join(folder, name))];
  for (const file of files.filter((each) => /\.(sources|list)$/.test(each) && existsSync(each))) {
    const text = readFileSync(file, 'utf8');
    const found = /^URIs:\s*(\S+)/m.exec(text) ?? /^deb (?:\[.*?\] )?(\S+) bookworm /m.exec(text);
    if (found?.[1]) return found[1];
  }
  throw new Error(
    "no bookworm among apt's sources; the clean Debian is made from where apt takes its packages",
  );
}
