import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { atEnd, emptyFolder } from '../at-end.ts';
import { needsSensor } from '../programs/session.ts';
import type { PrintedEvent } from '../spoor.ts';
import { beginSession, execOf, handoversIn, type ObedientSession } from './session.ts';

/**
 * A mount namespace with empty spools and tables, so that neither the host's jobs run nor ours reach the host. Daemons
 * and session both live in it; whatever is left in it ends with the test.
 */
async function withSpools(
  t: TestContext,
): Promise<{ within: string[]; run: (command: string, ...args: string[]) => ChildProcess }> {
  const script = `
    mount -t tmpfs tmpfs /var/spool/cron && mkdir -m 1730 /var/spool/cron/crontabs && chgrp crontab /var/spool/cron/crontabs
    mkdir -m 1770 /var/spool/cron/atjobs /var/spool/cron/atspool && chown daemon:daemon /var/spool/cron/at*
    touch /var/spool/cron/atjobs/.SEQ && chown daemon:daemon /var/spool/cron/atjobs/.SEQ
    mount -t tmpfs tmpfs /etc/cron.d
    mount --bind /dev/null /etc/crontab
    mount -t tmpfs tmpfs /run  # where cron and atd see that one runs already: the host's may
    echo ready; exec sleep infinity`;
  const holder = spawn('unshare', ['--mount', '--kill-child', 'sh', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(holder, 'close');
  atEnd(t, async () => {
    holder.kill('SIGKILL');
    await gone;
  });
  await once(holder.stdout, 'data');
  const within = ['nsenter', `--target=${holder.pid}`, '--mount', `--wd=${process.cwd()}`, '--'];
  function run(command: string, ...args: string[]): ChildProcess {
    const [first = '', ...rest] = within;
    const child = spawn(first, [...rest, command, ...args], { stdio: 'ignore' });
    const ended = once(child, 'close');
    atEnd(t, async () => {
      child.kill('SIGKILL');
      await ended;
    });
    return child;
  }
  return { within, run };
}

async function mustBeInferred(session: ObedientSession, way: RegExp, marker: string): Promise<PrintedEvent> {
  const handover = await session.until(
    ({ event_name, attributes }) =>
      event_name === 'session.handover' && way.test(String(attributes['spoor.session.evidence'])),
  );
  assert.equal(handover.attributes['spoor.session.basis'], 'inferred');
  assert.equal(handover.attributes['spoor.handover.way'], 'written_file');
  const { events } = await session.end();
  const [run] = execOf(events, (args) => args.includes(marker));
  assert.equal(run?.attributes['spoor.session.basis'], 'inferred');
  assert.equal(run?.attributes['session.id'], handover.attributes['session.id']);
  assert.equal(
    handoversIn(events).filter(({ attributes }) => attributes['spoor.session.basis'] === 'inferred').length,
    1,
  );
  return handover;
}

test(
  'cron runs a line of the crontab that the session wrote: inferred; a line of another table is not',
  needsSensor,
  async (t) => {
    const folder = realpathSync(emptyFolder(t));
    const { within, run } = await withSpools(t);
    const session = await beginSession(t, { within, cwd: folder });
    // crontab(1) writes a file of another name first, and renames it.
    await session.does(`echo '* * * * * /bin/echo "by cron" > ${folder}/done; sleep 0.01' | crontab -`);
    execFileSync(within[0] ?? '', [
      ...within.slice(1),
      'sh',
      '-c',
      `echo '* * * * * root /bin/echo decoy > ${folder}/decoy' > /etc/cron.d/theirs`,
    ]);
    // The same command by somebody who is not cron.
    execFileSync('sh', ['-c', `/bin/echo "by cron" > ${folder}/done; sleep 0.01`]);
    run('/usr/sbin/cron', '-f');
    const handover = await mustBeInferred(
      session,
      /the command of line \d+ of \/var\/spool\/cron\/crontabs\/root/,
      '0.01',
    );
    assert.equal(readFileSync(join(folder, 'done'), 'utf8'), 'by cron\n');
    assert.equal(handover.attributes['process.executable.name'], 'crontab');
    assert.equal(handover.attributes['file.path'], '/var/spool/cron/crontabs/root');
  },
);

test('a job that the session gave to at(1) is inferred, by its spool file', needsSensor, async (t) => {
  const folder = realpathSync(emptyFolder(t));
  const { within, run } = await withSpools(t);
  run('/usr/sbin/atd', '-f');
  const session = await beginSession(t, { within, cwd: folder });
  // It waits, because its standard input is looked at while it lives.
  await session.does(
    `echo 'until [ -e ${folder}/go ]; do sleep 0.05; done; /bin/echo by-at' | at now 2>/dev/null`,
  );
  await session.until(
    ({ event_name, attributes }) =>
      event_name === 'session.handover' &&
      /as a job of atd/.test(String(attributes['spoor.session.evidence'])),
  );
  writeFileSync(join(folder, 'go'), '');
  await session.until(({ attributes }) => String(attributes['process.command_args']) === '/bin/echo,by-at');
  const handover = await mustBeInferred(session, /as a job of atd/, 'by-at');
  assert.match(String(handover.attributes['file.path']), /^\/var\/spool\/cron\/atjobs\//);
});

const CGROUP2 = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((path) =>
  existsSync(join(path, 'cgroup.procs')),
);

test('a unit that the session wrote is inferred by its name, once something runs in its cgroup', {
  ...needsSensor,
  ...(CGROUP2 === undefined && { skip: 'no cgroup 2 is mounted' }),
}, async (t) => {
  const folder = realpathSync(emptyFolder(t));
  const units = join(folder, 'systemd/user');
  mkdirSync(units, { recursive: true });
  const session = await beginSession(t, { cwd: folder });
  const name = `spoor-test-${process.pid}`;
  await session.does(`printf '[Service]\\nExecStart=/bin/echo unit\\n' > systemd/user/${name}.service`);
  // No systemd runs here: as it does, a process goes into the unit's cgroup and becomes the unit's program.
  for (const unit of [`${name}-theirs`, name]) {
    const cgroup = join(CGROUP2 ?? '', `${unit}.service`);
    mkdirSync(cgroup);
    atEnd(t, () => rmdirSync(cgroup));
    execFileSync('sh', ['-c', `echo $$ > ${cgroup}/cgroup.procs; exec /bin/echo ${unit}`]);
  }
  const handover = await mustBeInferred(session, /systemd starts spoor-test-\d+\.service/, name);
  assert.equal(handover.attributes['file.path'], join(units, `${name}.service`));
});
