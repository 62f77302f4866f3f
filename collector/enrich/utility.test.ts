import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { needsSensor } from '../../test/programs/session.ts';
import { eventsIn, type PrintedEvent, spoor } from '../../test/spoor.ts';

/** As a distribution installs them; what this host lacks is said by the test, and not tried. */
const LISTED =
  'curl wget ssh scp sftp base64 openssl gpg xxd perl tar dd git python3 rsync zip socat at su'.split(' ');
const APPLETS = 'nc wget telnet base64 dd tar xxd ftpget ls'.split(' ');
const BUSYBOX = '/usr/bin/busybox';

const HERE = LISTED.filter((name) => fs.existsSync(`/usr/bin/${name}`));

/** Runs the lines in one session. @returns its executions by the path that was given to execve */
async function executionsOf(
  t: Parameters<typeof emptyFolder>[0],
  lines: readonly string[],
): Promise<ReadonlyMap<string, readonly PrintedEvent['attributes'][]>> {
  const folder = emptyFolder(t);
  const script = join(folder, 'script');
  // Each for its execution only, without input, and whatever it says of its arguments.
  fs.writeFileSync(script, lines.map((line) => `(${line}) </dev/null >/dev/null 2>&1\n`).join(''));
  const state = join(folder, 'state');
  const ran = await spoor(['run', '--state', state, '--', 'bash', '-c', `. ${script}; true`]);
  assert.equal(ran.code, 0, ran.stderr);
  const executions = new Map<string, PrintedEvent['attributes'][]>();
  for (const { event_name, attributes } of eventsIn(state)) {
    if (event_name !== 'process.exec') continue;
    const called = String(attributes['spoor.process.called_path']);
    executions.set(called, [...(executions.get(called) ?? []), attributes]);
  }
  return executions;
}

function utilityOf(attributes: PrintedEvent['attributes'] | undefined): unknown {
  assert.ok(attributes, 'was not executed');
  const of = (name: string) => attributes[`spoor.utility.${name}`];
  return { name: of('name'), basis: of('basis'), renamed: of('renamed') };
}

test(
  'a utility is known by path, link, shell, copy and hard link, and what is renamed is said to be',
  needsSensor,
  async (t) => {
    assert.ok(HERE.length >= 12, `only ${HERE.length} of the utilities are here`);
    t.diagnostic(`tried: ${HERE.join(' ')}`);
    const at = emptyFolder(t);
    // On the utilities' own file system, else there is no hard link.
    const beside = fs.mkdtempSync('/usr/local/lib/spoor-test-');
    t.after(() => fs.rmSync(beside, { recursive: true }));
    for (const folder of ['same', 'copy', 'link']) fs.mkdirSync(join(at, folder));
    const lines: string[] = [];
    for (const name of HERE) {
      const file = `/usr/bin/${name}`;
      fs.symlinkSync(file, join(at, 'link', `x-${name}`));
      fs.copyFileSync(file, join(at, 'copy', `x-${name}`));
      fs.copyFileSync(file, join(at, 'same', name));
      fs.linkSync(fs.realpathSync(file), join(beside, `x-${name}`));
      lines.push(`PATH=/usr/bin; sh -c '${name} --version; :'`);
      for (const folder of [join(at, 'link'), join(at, 'copy'), beside])
        lines.push(`${folder}/x-${name} --version`);
      lines.push(`${at}/same/${name} --version`);
    }
    const executions = await executionsOf(t, lines);
    for (const name of HERE) {
      const utility = (path: string) => utilityOf(executions.get(path)?.[0]);
      const own = { name, basis: 'path', renamed: false };
      assert.deepEqual(utility(`/usr/bin/${name}`), own, `sh -c ${name}`);
      assert.deepEqual(utility(`${at}/link/x-${name}`), own, `a link to ${name}`);
      assert.deepEqual(
        utility(`${at}/copy/x-${name}`),
        { name, basis: 'hash', renamed: true },
        `copy of ${name}`,
      );
      assert.deepEqual(utility(`${at}/same/${name}`), { name, basis: 'hash', renamed: false }, name);
      assert.deepEqual(utility(`${beside}/x-${name}`), { name, basis: 'inode', renamed: true }, `hard link`);
    }
  },
);

test(
  'an applet of busybox is the utility it was called as, a copy of busybox too',
  needsSensor,
  async (t) => {
    assert.ok(fs.existsSync(BUSYBOX), `${BUSYBOX} is missing`);
    const at = emptyFolder(t);
    fs.copyFileSync(BUSYBOX, join(at, 'hidden'));
    const lines: string[] = [];
    for (const name of APPLETS) {
      fs.symlinkSync(BUSYBOX, join(at, name));
      lines.push(`${at}/${name} --help`, `${BUSYBOX} ${name} --help`);
    }
    lines.push(`exec -a busybox ${at}/hidden wget --help`);
    const executions = await executionsOf(t, lines);
    const asArgument = new Map(
      (executions.get(BUSYBOX) ?? []).map((found) => [(found['process.command_args'] as string[])[1], found]),
    );
    for (const name of APPLETS) {
      const expected =
        name === 'ls' || name === 'ftpget'
          ? { name: 'busybox', basis: 'path', renamed: false }
          : { name, basis: 'applet', renamed: false };
      assert.deepEqual(utilityOf(executions.get(join(at, name))?.[0]), expected, `a link called ${name}`);
      assert.deepEqual(utilityOf(asArgument.get(name)), expected, `busybox ${name}`);
    }
    const hidden = utilityOf(executions.get(join(at, 'hidden'))?.[0]);
    assert.deepEqual(hidden, { name: 'wget', basis: 'applet', renamed: true });
  },
);

test('a program is no utility for its name, its size or a changed byte', needsSensor, async (t) => {
  const at = emptyFolder(t);
  fs.copyFileSync('/bin/true', join(at, 'curl'));
  fs.copyFileSync('/usr/bin/base64', join(at, 'x-base64'));
  const file = fs.openSync(join(at, 'x-base64'), 'r+');
  const { size } = fs.fstatSync(file);
  // The last byte of an ELF file belongs to the section headers, which nothing reads at run time.
  const last = Buffer.alloc(1);
  fs.readSync(file, last, 0, 1, size - 1);
  fs.writeSync(file, Buffer.from([(last[0] ?? 0) ^ 1]), 0, 1, size - 1);
  fs.closeSync(file);
  const executions = await executionsOf(t, [`${at}/curl`, `${at}/x-base64 --version`]);
  for (const name of ['curl', 'x-base64'])
    assert.deepEqual(utilityOf(executions.get(join(at, name))?.[0]), {
      name: undefined,
      basis: undefined,
      renamed: undefined,
    });
});
