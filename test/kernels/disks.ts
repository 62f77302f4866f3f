/**
 * The guest's disks: the system (Node and the programs tests call, from this host), the project, the job.
 *
 * Programs are taken with the shared libraries that ldd names. The system disk is kept under a name made of
 * its content's identity; the project's is made anew for each run.
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { KernelError } from './kernel-error.ts';
import type { Module } from './modules.ts';

/** Room for what tests write; the images are sparse, so it costs nothing until it is used. */
const FREE_MIB = 1024;
/** Bounds what a job may hand back; tar fails visibly past it. */
const JOB_DISK_BYTES = 64 * 1024 * 1024;

/** Debian packages whose programs the guest has, all of them: what any Debian host has, and ps and ip. */
const PACKAGES = `
  bash coreutils dash diffutils findutils grep gzip hostname iproute2 mawk mount procps sed tar util-linux
`
  .trim()
  .split(/\s+/);
/** What tests call beyond that. */
const PROGRAMS = [
  ...['awk', 'bpftool', 'busybox', 'curl', 'dig', 'dumpcap', 'git', 'gtlsclient', 'gtlsserver', 'mke2fs'],
  ...['openssl', 'python3', 'sh', 'strace', 'su', 'tshark'],
];

/** What those open while they run: the library of Debian 12's Python, the tables of tshark. */
const FOLDERS = ['/usr/lib/python3.11', '/usr/share/wireshark', '/usr/lib/x86_64-linux-gnu/wireshark'];

/** Libraries that are opened at run time, so that ldd of a program does not name them. */
const LIBRARIES = ['libbpf.so.1', 'libgcc_s.so.1', 'libnss_dns.so.2', 'libnss_files.so.2'];
const LIBRARY_FOLDER = '/usr/lib/x86_64-linux-gnu';

/** Of the development packages, those that tests load; compilers and linters stay outside. */
const TEST_PACKAGES = ['fast-check', 'pure-rand'];

const MERGED_FOLDERS = ['bin', 'lib', 'lib64', 'sbin'];
const EMPTY_FOLDERS = [
  'dev',
  'etc',
  'mnt',
  'opt',
  'proc',
  'root',
  'run',
  'spoor',
  'sys',
  'tmp',
  'usr/bin',
  'usr/lib64',
];
const ETC = new Map([
  ['passwd', 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n'],
  ['group', 'root:x:0:\nnogroup:x:65534:\n'],
  ['hostname', 'guest\n'],
  ['resolv.conf', 'nameserver 127.0.0.1\n'],
  ['hosts', '127.0.0.1 localhost\n::1 localhost ip6-localhost\n'],
  ['nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'],
]);

/** The disk with the system: made once per set of files, then found again. Returns its image. */
export function systemDisk(cache: string): string {
  const files = new Set<string>([process.execPath]);
  for (const file of programsOf(PACKAGES)) files.add(file);
  for (const program of PROGRAMS) files.add(pathOf(program));
  for (const library of LIBRARIES) files.add(join(LIBRARY_FOLDER, library));
  const inFolders = FOLDERS.flatMap(filesBelow);
  const linked = [...files, ...inFolders.filter((file) => file.endsWith('.so'))];
  for (const file of linked) for (const library of librariesOf(file)) files.add(library);
  for (const file of inFolders) files.add(file);
  if (existsSync('/usr/lib/ssl/openssl.cnf')) files.add('/usr/lib/ssl/openssl.cnf');

  const identity = createHash('sha256').update(JSON.stringify([EMPTY_FOLDERS, [...ETC]]));
  for (const file of [...files].sort()) {
    const { size, mtimeMs } = statSync(file);
    identity.update(`${file} ${size} ${mtimeMs}\n`);
  }
  const image = join(cache, `system-${identity.digest('hex').slice(0, 16)}.ext4`);
  if (existsSync(image)) return image;

  for (const name of readdirSync(cache)) if (/^system-\w+\.ext4$/.test(name)) rmSync(join(cache, name));
  const root = `${image}.${process.pid}`;
  for (const folder of EMPTY_FOLDERS) mkdirSync(join(root, folder), { recursive: true });
  for (const folder of MERGED_FOLDERS) {
    mkdirSync(join(root, 'usr', folder), { recursive: true });
    symlinkSync(`usr/${folder}`, join(root, folder));
  }
  for (const [name, text] of ETC) writeFileSync(join(root, 'etc', name), text);
  for (const file of files) copyIn(root, file);
  makeExt4(root, `${image}.new`);
  rmSync(root, { recursive: true });
  renameSync(`${image}.new`, image);
  return image;
}

/** The disk with the project as it is now: sources, what was built, packages needed to run. */
export function projectDisk(project: string, work: string): string {
  const root = join(work, 'project');
  mkdirSync(root);
  for (const name of readdirSync(project)) {
    if (name === '.git' || name === 'node_modules' || name === 'build') continue;
    copyTree(join(project, name), join(root, name));
  }
  if (existsSync(join(project, 'build'))) {
    mkdirSync(join(root, 'build/kernels'), { recursive: true });
    for (const name of ['kernels/load-each', ...readdirSync(join(project, 'build'))]) {
      const from = join(project, 'build', name);
      if (name !== 'kernels' && existsSync(from)) copyTree(from, join(root, 'build', name));
    }
  }
  for (const name of runtimePackages(project)) {
    mkdirSync(join(root, dirname(name)), { recursive: true });
    copyTree(realpathSync(join(project, name)), join(root, name));
  }
  const image = join(work, 'project.ext4');
  makeExt4(root, image);
  rmSync(root, { recursive: true });
  return image;
}

/** The disk that carries the command in and the results out: a tar without a file system. */
export function jobDisk(command: readonly string[], work: string): string {
  const image = join(work, 'job.tar');
  writeFileSync(join(work, 'command'), command.map((arg) => `${arg}\0`).join(''));
  execFileSync('tar', ['-cf', image, '-C', work, 'command']);
  truncateSync(image, JOB_DISK_BYTES);
  return image;
}

/** Unpacks what the job left in $SPOOR_OUT. */
export function unpackJob(image: string, into: string): void {
  mkdirSync(into, { recursive: true });
  execFileSync('tar', ['-xf', image, '-C', into]);
}

/** The first file system: busybox, the modules, and the script `init` that goes on from the disk. */
export function initramfs(modules: readonly Module[], init: string, work: string): string {
  const root = join(work, 'initramfs');
  for (const folder of ['bin', 'dev', 'modules', 'proc', 'root'])
    mkdirSync(join(root, folder), { recursive: true });
  cpSync(pathOf('busybox'), join(root, 'bin/busybox'), { dereference: true });
  for (const library of librariesOf(pathOf('busybox'))) copyIn(root, library);
  for (const module of modules) writeFileSync(join(root, 'modules', module.name), module.content);
  writeFileSync(join(root, 'modules/order'), modules.map((module) => `${module.name}\n`).join(''));
  cpSync(init, join(root, 'init'));
  execFileSync('chmod', ['755', join(root, 'init')]);
  const image = join(work, 'initramfs.cpio');
  execFileSync('bash', ['-c', 'cd "$1" && find . | cpio --quiet -o -H newc > "$2"', 'cpio', root, image]);
  rmSync(root, { recursive: true });
  return image;
}

function programsOf(packages: readonly string[]): string[] {
  const listed = execFileSync('dpkg-query', ['-L', ...packages], { encoding: 'utf8' });
  return listed.split('\n').filter((file) => /^\/(usr\/)?s?bin\/[^/]+$/.test(file) && existsSync(file));
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function pathOf(program: string): string {
  for (const folder of ['/usr/bin', '/usr/sbin', '/bin', '/sbin']) {
    if (existsSync(join(folder, program))) return join(folder, program);
  }
  throw new KernelError(
    `${program} is missing; the guest's disk needs it from this host (make setup installs it)`,
  );
}

function librariesOf(file: string): string[] {
  try {
    const listed = execFileSync('ldd', [file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return [...listed.matchAll(/(?:=> |^\s)(\/\S+) \(0x/gm)].map((match) => match[1] as string);
  } catch {
    return []; // ldd says no to what is not dynamically linked: a script or a static program needs nothing
  }
}

/** Copies a file to the same path below `root`, and each link on the way to it. */
function copyIn(root: string, file: string): void {
  // /bin and the like are links into /usr on Debian 12, here as there.
  const place = join(root, file.replace(/^\/(bin|lib|lib64|sbin)\//, '/usr/$1/'));
  if (existsSync(place)) return;
  const target = realpathSync(file);
  mkdirSync(dirname(place), { recursive: true });
  if (lstatSync(file).isSymbolicLink()) {
    copyIn(root, target);
    symlinkSync(target, place);
  } else {
    cpSync(file, place, { preserveTimestamps: true });
  }
}

/** Packages that lie inside the tree (those of the AI agents under test) stay outside. */
function copyTree(from: string, to: string): void {
  const copy = 'tar -C "$1" --exclude=node_modules -cf - . | tar -C "$2" -xf -';
  if (lstatSync(from).isDirectory()) {
    mkdirSync(to, { recursive: true });
    execFileSync('bash', ['-c', copy, 'copy', from, to]);
  } else {
    cpSync(from, to, { preserveTimestamps: true });
  }
}

function runtimePackages(project: string): string[] {
  const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  return Object.entries(lock.packages)
    .filter(
      ([name, entry]) => name && (!entry.dev || TEST_PACKAGES.some((test) => name.endsWith(`/${test}`))),
    )
    .map(([name]) => name)
    .filter((name) => existsSync(join(project, name)));
}

/** A file system that holds what lies below `root`, with room for more. */
export function makeExt4(root: string, image: string): void {
  const usedKib = Number(execFileSync('du', ['-sk', root], { encoding: 'utf8' }).split('\t')[0]);
  const mib = Math.ceil((usedKib / 1024) * 1.15) + FREE_MIB;
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-E', 'root_owner=0:0', '-d', root, image, `${mib}M`]);
}
