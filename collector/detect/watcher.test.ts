import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Attributes, Event, EventName } from '../event.ts';
import { createMarkWatcher } from './watcher.ts';

function event(name: EventName, attributes: Attributes): Event {
  return { name, uid: '', timeNs: 0n, severity: 9, traceId: '', spanId: '', attributes, seen: undefined };
}

test('acts on the collector, its key, state, settings and pins are marked, and nothing beside them', (t) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'detect-watcher-')));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'real/key'), { recursive: true });
  symlinkSync(join(root, 'real'), join(root, 'state'));
  const mark = createMarkWatcher({
    pid: 4711,
    state: join(root, 'state'),
    places: { configuration: ['/etc/spoor'], pins: ['/sys/fs/bpf/spoor'] },
    mounts: [1, 2],
  });
  const rows: readonly (readonly [EventName, Attributes, string | undefined])[] = [
    ['security.signal', { 'spoor.target.pid': 4711 }, 'process'],
    ['security.ptrace', { 'spoor.target.pid': 4712 }, undefined],
    ['file.open', { 'file.path': '/proc/4711/mem' }, 'process'],
    ['file.open', { 'file.path': '/proc/47110/mem' }, undefined],
    ['file.open', { 'file.path': join(root, 'state/key/host.key') }, 'key'],
    ['file.open', { 'file.path': join(root, 'real/key/host.key') }, 'key'],
    ['file.delete', { 'file.path': join(root, 'real/log/tile/0/000') }, 'state'],
    ['file.delete', { 'file.path': join(root, 'real-not/log') }, undefined],
    ['file.rename', { 'file.path': '/etc/spoor/rules/a.yml' }, 'configuration'],
    ['file.delete', { 'file.path': '/sys/fs/bpf/spoor/tags' }, 'pins'],
    ['file.delete', { 'file.path': '/sys/fs/bpf/other' }, undefined],
    ['file.rename', { 'file.path': '/tmp/x', 'spoor.file.previous_path': '/etc/spoor/a' }, 'configuration'],
    ['file.rename', { 'file.path': '/tmp/x', 'spoor.file.previous_path': '/sys/fs' }, 'pins'],
    ['file.rename', { 'file.path': '/tmp/x', 'spoor.file.previous_path': '/sys/f' }, undefined],
    ['file.link', { 'file.path': '/tmp/x', 'spoor.file.previous_path': join(root, 'real/log/a') }, 'state'],
    ['security.mount', { 'file.path': '/etc/spoor' }, 'configuration'],
    ['security.mount', { 'file.path': '/tmp/../etc/./spoor' }, 'configuration'],
    ['security.mount', { 'file.path': '/etc/spoor/..' }, undefined],
    ['security.mount', { 'file.path': '/etc' }, undefined],
    ['security.mount', { 'file.path': '/mnt', 'spoor.mount.source': join(root, 'real/log') }, 'state'],
    ['security.mount', { 'file.path': '/mnt', 'spoor.mount.source': '/etc' }, undefined],
    ...(
      [
        ['mount', 'mount', 1, 'configuration'],
        ['mount', 'bind', 2, 'configuration'],
        ['mount', 'remount', 1, undefined],
        ['mount', 'propagation', 1, undefined],
        ['mount', 'mount', 3, undefined],
        ['umount2', undefined, 1, 'configuration'],
        ['open_tree', undefined, 1, undefined],
      ] as const
    ).map(
      ([call, request, namespace, part]) =>
        [
          'security.mount',
          {
            'file.path': '/etc',
            'spoor.syscall.name': call,
            'spoor.syscall.request': request,
            'spoor.mount.namespace': namespace,
          },
          part,
        ] as const,
    ),
    ['security.resources', { 'spoor.target.pid': 4711 }, 'process'],
    ['process.exec', {}, undefined],
  ];
  for (const [name, attributes, part] of rows) {
    const one = event(name, { ...attributes });
    mark(one);
    assert.equal(one.attributes['spoor.watcher.part'], part, `${name} ${JSON.stringify(attributes)}`);
  }
});
