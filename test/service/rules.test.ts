/** Rules of a running service: read again when they change, and what they remember across a restart. */

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../at-end.ts';
import { eventsIn, needsRoot, type PrintedEvent, run } from '../system/spoor.ts';
import { plantCodex } from './agent.ts';
import { startService } from './running.ts';

/** Runs the programs it is given, one after the other. */
const RUNS_PROGRAMS = `
import { spawnSync } from 'node:child_process';
for (const program of process.argv.slice(2)) spawnSync(program);
`;

function ruleOn(program: string, title: string): string {
  return `title: ${title}
name: ${title.toLowerCase()}
logsource: { product: linux, category: process_creation }
detection: { s: { Image|endswith: /${program} }, condition: s }
level: high
`;
}

const THREE_TIMES = `${ruleOn('marker', 'Marker')}---
title: Three times
correlation:
    type: event_count
    rules: [marker]
    group-by: [process.user.id]
    timespan: 10m
    condition: { gte: 3 }
level: high
`;

function findings(events: readonly PrintedEvent[], title: string): PrintedEvent[] {
  return events.filter(
    ({ event_name, attributes }) => event_name === 'finding' && attributes['security_rule.name'] === title,
  );
}

/** Waits until the finding is in the log; the test's own time limit ends it. */
async function found(state: string, title: string): Promise<void> {
  while (findings(await eventsIn(state), title).length === 0);
}

function place(folder: string): { rules: string; marker: string; agent: string } {
  const rules = join(folder, 'rules');
  const marker = join(folder, 'marker');
  mkdirSync(rules);
  copyFileSync('/bin/true', marker);
  return { rules, marker, agent: plantCodex(join(folder, 'usr'), RUNS_PROGRAMS).command };
}

test(
  'a count begun under one service is finished under the next, and the finding names all events',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const { rules, marker, agent } = place(folder);
    writeFileSync(join(rules, 'three.yml'), THREE_TIMES);
    const how = { folder, configuration: `rules:\n  builtin: false\n  paths: [${rules}]\n` };

    const first = await startService(t, how);
    assert.equal((await run(agent, [marker, marker])).code, 0);
    assert.equal(await first.stop(), 0);
    assert.deepEqual(findings(await eventsIn(first.state), 'Three times'), []);

    const second = await startService(t, how);
    assert.equal((await run(agent, [marker])).code, 0);
    assert.equal(await second.stop(), 0);
    const events = await eventsIn(second.state);
    const [finding, ...more] = findings(events, 'Three times');
    assert.equal(more.length, 0);
    const ran = events.filter(
      ({ event_name, attributes }) =>
        event_name === 'process.exec' && attributes['process.executable.path'] === marker,
    );
    assert.deepEqual(
      finding?.attributes['spoor.finding.evidence'],
      ran.map(({ uid }) => uid),
    );
  },
);

test(
  'rules that change are in force without a signal, and a bad set leaves the last good one in force',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const { rules, marker, agent } = place(folder);
    writeFileSync(join(rules, 'one.yml'), ruleOn('marker', 'One'));
    const service = await startService(t, {
      folder,
      configuration: `rules:\n  builtin: false\n  paths: [${rules}]\n`,
    });

    writeFileSync(join(rules, 'two.yml'), ruleOn('marker', 'Two').replace('endswith', 'endwith'));
    const refused = await service.says('configuration refused; the last good one stays in force');
    assert.match(
      String(refused.problem),
      /two\.yml:\d+:\d+: unknown modifier "endwith"; did you mean "endswith"/,
    );
    assert.equal((await run(agent, [marker])).code, 0);
    await found(service.state, 'One');

    writeFileSync(join(rules, 'never.yml'), ruleOn('marker', 'Never').replace('Image', 'NoSuchField'));
    writeFileSync(join(rules, 'two.yml'), ruleOn('marker', 'Two'));
    const unfed = await service.says(
      'some rules can match no event of this host; spoor rules check says why',
    );
    assert.deepEqual([unfed.count, unfed.rules], [1, 'never']);
    await service.says('configuration read again');
    assert.equal((await run(agent, [marker])).code, 0);
    assert.equal(await service.stop(), 0);

    const events = await eventsIn(service.state);
    assert.equal(findings(events, 'One').length, 2);
    assert.equal(findings(events, 'Two').length, 1);
  },
);
