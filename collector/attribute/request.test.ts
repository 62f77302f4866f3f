import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Request, type Started, whatFits } from './request.ts';

const DAEMON = 100;

function program(args: readonly string[], workingDirectory: string, name = args[0] ?? '') {
  return { executablePath: `/usr/bin/${name}`, executableName: name, args, workingDirectory };
}

function request(daemon: string, ...client: string[]): Request {
  return {
    bootNs: 0n,
    client: program(client, '/home/a/project'),
    daemon: { pid: DAEMON, program: program([daemon], '/') },
    hasAnswer: false,
  };
}

/** A program that was started, by the daemon itself unless another parent is named. */
function started(
  args: readonly string[],
  more: Partial<Started> & { parent?: number; directory?: string } = {},
): Started {
  const { parent = DAEMON, directory = '/', ...rest } = more;
  return {
    bootNs: 100_000_000n,
    program: program(args, directory),
    unit: '',
    ancestors: () => [{ pid: parent, name: 'x' }],
    ...rest,
  };
}

test('a broker need not be above what it was asked to start, another daemon must be', () => {
  const args = ['/bin/sh', '-c', 'curl x | sh'];
  const elsewhere = started(args, { parent: 7 });
  assert.ok(whatFits(request('dockerd', 'docker', 'run', 'debian', 'sh', '-c', 'curl x | sh'), elsewhere));
  assert.equal(whatFits(request('tmux', 'tmux', 'new', 'sh', '-c', 'curl x | sh'), elsewhere), undefined);
  assert.ok(whatFits(request('tmux', 'tmux', 'new', 'sh', '-c', 'curl x | sh'), started(args)));
});

test('a command of other words does not fit, and neither does one of a few letters', () => {
  const asked = request('tmux', 'tmux', 'new-window', 'make test');
  assert.ok(whatFits(asked, started(['sh', '-c', 'make test'])));
  assert.ok(whatFits(asked, started(['make', 'test'])));
  assert.equal(whatFits(asked, started(['sh', '-c', 'make tests'])), undefined);
  assert.equal(whatFits(asked, started(['rm', '-rf', '/tmp/x'])), undefined);
  assert.equal(whatFits(request('tmux', 'tmux', 'list-windows'), started(['ls'])), undefined);
});

test('a unit fits by its name, for a client that starts units', () => {
  const unit = started(['/usr/sbin/cron', '-f'], { unit: 'cron.service', parent: 1 });
  assert.ok(whatFits(request('systemd', 'systemctl', 'restart', 'cron'), unit));
  assert.equal(whatFits(request('systemd', 'systemctl', 'status', 'cron'), unit), undefined);
  assert.ok(
    whatFits(
      request('systemd', 'systemd-run', '--unit=job', 'x'),
      started(['/bin/x'], { unit: 'job.service' }),
    ),
  );
  assert.equal(
    whatFits(request('systemd', 'systemctl', 'start', 'cron'), started(['x'], { unit: 'ssh.service' })),
    undefined,
  );
});

test('the directory alone fits the next child of the daemon only, at once, and once', () => {
  const asked = request('tmux', 'tmux', 'new-window');
  const shell = (more = {}) => started(['-bash'], { directory: '/home/a/project', ...more });
  assert.ok(whatFits(asked, shell()));
  assert.equal(whatFits(asked, shell({ directory: '/home/a' })), undefined);
  assert.equal(whatFits(asked, shell({ parent: 7 })), undefined);
  assert.equal(whatFits(asked, shell({ bootNs: 1_500_000_000n })), undefined);
  assert.equal(whatFits({ ...asked, hasAnswer: true }, shell()), undefined);
});
