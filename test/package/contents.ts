/** What the package holds, read by dpkg-deb and sha256sum: what a Debian package may and must be, and what is in it. */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILT, claim, DEB, versionOf } from './build.ts';

/** Nothing of the package lies elsewhere. */
const PLACES =
  /^\.\/(etc\/spoor\/|usr\/bin\/spoor$|usr\/lib\/spoor\/|usr\/lib\/systemd\/system\/spoor\.service$|usr\/share\/(doc\/spoor|man\/man1|bash-completion\/completions)\/)/;
/** Test code, sources, and what only a build needs. */
const NOT_INSTALLED =
  /\.test\.js$|\.tsx?$|\.map$|\/dist\/test\/|\/node_modules\/(@[^/]+\/)?[^/]+\/(tests?|benchmarks?)\/|\/node_modules\/(typescript|@biomejs|protobufjs-cli|fast-check)\/|\.(c|h)$/;
const MUST = [
  './usr/lib/spoor/bin/node',
  './usr/lib/spoor/build/linux/sensor.bpf.o',
  './usr/lib/spoor/build/linux/sensor-before-6.2.bpf.o',
  './usr/lib/spoor/build/linux/spoor_sensor.node',
  './usr/lib/spoor/detections/defense/watcher_attacked.yml',
  './usr/lib/systemd/system/spoor.service',
  './usr/share/man/man1/spoor.1.gz',
  './usr/share/bash-completion/completions/spoor',
  './usr/share/doc/spoor/copyright',
];

interface Entry {
  readonly mode: string;
  readonly owner: string;
  readonly path: string;
}

function entries(): Entry[] {
  // tar's long listing: mode, owner, size, date, time, path.
  return execFileSync('dpkg-deb', ['-c', DEB], { encoding: 'utf8', maxBuffer: 2 ** 26 })
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [mode = '', owner = '', , , , ...path] = line.split(/\s+/);
      return { mode, owner, path: path.join(' ') };
    });
}

interface Component {
  readonly name: string;
  readonly version: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

/** Every library in the package stands in the bill of materials, with its version, and nothing else does. */
function billFaults(root: string): string[] {
  const bill = JSON.parse(readFileSync(DEB.replace(/\.deb$/, '.cdx.json'), 'utf8')) as {
    components: readonly Component[];
  };
  const billed = new Set(
    bill.components.filter(({ name }) => name !== 'node').map(({ name, version }) => `${name}@${version}`),
  );
  const held = new Set(librariesIn(join(root, 'usr/lib/spoor/node_modules')));
  const node = bill.components.find(({ name }) => name === 'node')?.hashes?.[0]?.content;
  const [sha256] = execFileSync('sha256sum', [join(root, 'usr/lib/spoor/bin/node')], {
    encoding: 'utf8',
  }).split(' ');
  return [
    ...[...held]
      .filter((one) => !billed.has(one))
      .map((one) => `${one} is in the package and not in the bill`),
    ...[...billed]
      .filter((one) => !held.has(one))
      .map((one) => `${one} is in the bill and not in the package`),
    ...(node === sha256 ? [] : [`node hashes to ${sha256}, the bill says ${node}`]),
  ];
}

function librariesIn(modules: string): string[] {
  return readdirSync(modules).flatMap((name) => {
    const path = join(modules, name);
    if (name.startsWith('@')) return librariesIn(path);
    if (!existsSync(join(path, 'package.json'))) return [];
    const { name: called, version } = JSON.parse(
      readFileSync(join(path, 'package.json'), 'utf8'),
    ) as Component;
    const inner = join(path, 'node_modules');
    return [`${called}@${version}`, ...(existsSync(inner) ? librariesIn(inner) : [])];
  });
}

function scriptFaults(control: string): string[] {
  return ['config', 'postinst', 'prerm', 'postrm'].flatMap((name) => {
    const { status, stderr } = spawnSync('dash', ['-n', join(control, name)], { encoding: 'utf8' });
    return status === 0 ? [] : [`${name}: ${stderr.trim()}`];
  });
}

/** The service's own modules are loaded by reading a configuration, and by refusing one. */
function runFaults(root: string): string[] {
  const lib = join(root, 'usr/lib/spoor');
  const spoor = (...args: string[]) =>
    spawnSync(join(lib, 'bin/node'), [join(lib, 'dist/collector/cli/main.js'), ...args], {
      encoding: 'utf8',
    });
  const version = versionOf(join(lib, 'package.json'));
  const settings = join(root, 'etc/spoor/spoor.yml');
  const told = spoor('--version');
  const checked = spoor('config', 'check', settings);
  const served = spoor('service', '--config', join(root, 'nowhere.yml'));
  return [
    ...(told.stdout === `${version}\n` ? [] : [`--version says ${told.stdout}${told.stderr}`]),
    ...(checked.status === 0 ? [] : [checked.stderr]),
    ...(served.status === 2 && /cannot be read \(ENOENT\)/.test(served.stderr) ? [] : [served.stderr]),
  ];
}

function checksumFaults(folder: string, sums: string, program: string): string[] {
  const { status, stdout } = spawnSync(program, ['--check', '--quiet', sums], {
    cwd: folder,
    encoding: 'utf8',
  });
  return status === 0 ? [] : stdout.trim().split('\n');
}

/** @param root where the package is unpacked to, with its control files in DEBIAN/. @returns whether all claims hold */
export function contentsHold(root: string): boolean {
  const all = entries();
  const files = all.filter(({ mode }) => !mode.startsWith('d'));
  const control = join(root, 'DEBIAN');
  const listed = readFileSync(join(control, 'md5sums'), 'utf8').trim().split('\n').length;
  const results = [
    claim(
      'everything belongs to root, and nobody else may write it',
      all
        .filter(({ mode, owner }) => owner !== 'root/root' || mode[5] === 'w' || mode[8] === 'w')
        .map(({ mode, owner, path }) => `${mode} ${owner} ${path}`),
    ),
    claim(
      'nothing runs as another user than who starts it',
      all.filter(({ mode }) => /s/i.test(mode.slice(1))).map(({ mode, path }) => `${mode} ${path}`),
    ),
    claim(
      'nothing lies outside its places',
      files.filter(({ path }) => !PLACES.test(path)).map(({ path }) => path),
    ),
    claim(
      'no tests, no sources and nothing that only a build needs',
      files.filter(({ path }) => NOT_INSTALLED.test(path)).map(({ path }) => path),
    ),
    claim(
      'the service, its node, the programs of the sensor, rules, manual and completion are there',
      MUST.filter((wanted) => !files.some(({ path }) => path === wanted)),
    ),
    claim('what was unpacked runs, with the Node that lies in it', runFaults(root)),
    claim('its scripts are ones that dash can read', scriptFaults(control)),
    claim('its list of checksums has every file and is right', [
      ...(listed === files.length ? [] : [`${listed} are listed, ${files.length} there`]),
      ...checksumFaults(root, join(control, 'md5sums'), 'md5sum'),
    ]),
    claim('SHA256SUMS is right', checksumFaults(BUILT, 'SHA256SUMS', 'sha256sum')),
    claim('the bill of materials has what is in it, and nothing else', billFaults(root)),
  ];
  return results.every(Boolean);
}
