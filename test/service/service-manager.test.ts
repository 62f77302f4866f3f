/** What a service tells its service manager (sd_notify(3)), and what a reload does. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { atEnd, emptyFolder, type Scope } from '../at-end.ts';
import { eventsIn, needsRoot, run, spoor } from '../system/spoor.ts';
import { plantPackage } from './agent.ts';
import { startService } from './running.ts';

/** An inventory takes a second, some seconds after an agent began. */
const LOOK_MS = 500;

/** Node knows no datagrams on unix sockets. */
const MANAGER = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print(json.dumps("listening"), flush=True)
while True:
    print(json.dumps(s.recv(4096).decode()), flush=True)
`;

interface Manager {
  readonly told: readonly string[];
  until(holds: (told: readonly string[]) => boolean): Promise<void>;
}

async function startManager(t: Scope, path: string): Promise<Manager> {
  const child = spawn('/usr/bin/python3', ['-c', MANAGER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  atEnd(t, () => void child.kill());
  const told: string[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    told.push(JSON.parse(line));
    for (const look of [...waiting]) look();
  });
  const until = (holds: (told: readonly string[]) => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!holds(told)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  await until(() => told.length > 0);
  return { told, until };
}

function count(told: readonly string[], message: string): number {
  return told.filter((one) => one === message).length;
}

test(
  'the service manager hears when it is ready, again and again that it lives, when it reloads and when it stops',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const path = join(folder, 'notify');
    const manager = await startManager(t, path);
    const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '400000' };
    const service = await startService(t, { folder, env });
    await manager.until((told) => count(told, 'READY=1') === 1 && count(told, 'WATCHDOG=1') >= 3);
    service.signal('SIGHUP');
    await service.says('configuration read again');
    await manager.until((told) => count(told, 'READY=1') === 2);
    const reloading = manager.told.findIndex((one) => /^RELOADING=1\nMONOTONIC_USEC=\d+$/.test(one));
    assert.ok(reloading > manager.told.indexOf('READY=1'), manager.told.join());
    assert.ok(reloading < manager.told.lastIndexOf('READY=1'), manager.told.join());
    assert.equal(await service.stop(), 0);
    await manager.until((told) => count(told, 'STOPPING=1') === 1);
    assert.ok(manager.told.indexOf('STOPPING=1') > manager.told.lastIndexOf('READY=1'));
  },
);

test(
  'a reload with mistakes changes nothing and names each of them, until one without is read',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const overlay = join(folder, 'agents.yml');
    writeFileSync(overlay, 'agents:\n  acme: { name: Acme, commands: [acme] }\n');
    const service = await startService(t, {
      folder,
      configuration: `recognise: { agents: ${overlay} }\nlog_level: debug\n`,
    });
    const trouble = async () => {
      const { stdout } = await spoor(['status', '--state', service.state, '--json']);
      return JSON.parse(stdout.toString()).service.configuration_trouble as string;
    };
    assert.equal(await trouble(), '');

    writeFileSync(overlay, 'agents:\n  acme:\n    nam: Acme\n');
    service.signal('SIGHUP');
    const refused = await service.says('configuration refused; the last good one stays in force');
    assert.equal(refused.problem, `${overlay}:3:5: agents.acme: unknown key "nam"; did you mean "name"?`);
    assert.equal(await trouble(), refused.problem);

    writeFileSync(overlay, 'agents:\n  acme: { name: Acme, commands: [acme] }\n');
    service.signal('SIGHUP');
    await service.says('configuration read again');
    assert.equal(await trouble(), '');
    assert.equal(await service.stop(), 0);
  },
);

test('told to stop again and again, a service ends in order and once', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  const service = await startService(t, { folder });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGTERM'] as const) service.signal(signal);
  assert.equal(await service.stop(), 0);
  assert.equal((await spoor(['verify', '--state', service.state])).code, 0);
});

test(
  'agents that a reload brings are of the inventory too, and what needs a start waits for it',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const service = await startService(t, { folder });
    const entries = join(folder, 'agents.yml');
    writeFileSync(
      entries,
      'agents:\n  acme-helper:\n    name: Acme\n    packages: ["npm:@acme/helper"]\n    commands: [acme-helper]\n',
    );
    writeFileSync(
      service.configuration,
      `state: ${service.state}\nruntime: ${service.runtime}\nrecognise: { agents: ${entries}, enabled: false }\n`,
    );
    service.signal('SIGHUP');
    const waits = await service.says('some keys take effect at the next start only');
    assert.equal(waits.keys, 'recognise.enabled');
    const { command } = plantPackage(
      join(folder, 'usr'),
      '@acme/helper',
      'acme-helper',
      '2.0.1',
      `const { existsSync } = await import('node:fs');
       while (!existsSync('${folder}/seen') && existsSync('${folder}')) await new Promise((go) => setTimeout(go, 100));\n`,
    );
    const agent = run(command, []);
    const isListed = async () =>
      (await eventsIn(service.state, '--event', 'agent.inventory')).some(({ attributes }) =>
        String(attributes['spoor.inventory.path']).startsWith(`${folder}/`),
      );
    while (!(await isListed())) await pause(LOOK_MS);
    writeFileSync(join(folder, 'seen'), '');
    await agent;
    assert.equal(await service.stop(), 0);
  },
);
