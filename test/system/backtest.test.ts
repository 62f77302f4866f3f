/** Rules asked again of what was really seen: of the log, and of what the sensor recorded. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../at-end.ts';
import { SPOOR } from '../checkout.ts';
import { eventsIn, needsRoot, run, spoor } from './spoor.ts';

function rule(program: string): string {
  return `title: Marker
id: marker
logsource: { product: linux, category: process_creation }
detection: { s: { Image|endswith: /${program} }, condition: s }
`;
}

interface Line {
  readonly findings: number;
  readonly before: number | null;
  readonly appeared: { readonly count: number; readonly on: readonly number[] };
  readonly gone: { readonly count: number; readonly on: readonly number[] };
}

test(
  'backtest over the log and over a recording finds what a changed rule would have found, record by record',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const state = join(folder, 'state');
    const recording = join(folder, 'session.jsonl');
    await spoor(['run', '--state', state, '--', 'true']);
    const ran = await spoor([
      ...['run', '--state', state, '--record', recording, '--'],
      ...['sh', '-c', '/usr/bin/uname; /usr/bin/uname; /usr/bin/nproc'],
    ]);
    assert.equal(ran.code, 0, ran.stderr);
    writeFileSync(join(folder, 'old.yml'), rule('uname'));
    writeFileSync(join(folder, 'new.yml'), rule('nproc'));
    const asked = async (...place: string[]): Promise<Line> => {
      const rules = ['--rules', join(folder, 'new.yml'), '--old', join(folder, 'old.yml'), '--json'];
      const { code, stdout, stderr } = await run(SPOOR, ['rules', 'backtest', ...rules, ...place]);
      assert.equal(code, 1, stderr);
      return JSON.parse(String(stdout)) as Line;
    };

    const events = await eventsIn(state);
    const places = (program: string) =>
      events.flatMap(({ event_name, attributes }, index) =>
        event_name === 'process.exec' && attributes['process.executable.name'] === program ? [index] : [],
      );
    const logged = await asked('--state', state);
    assert.equal(logged.findings, 1);
    assert.equal(logged.before, 2);
    assert.deepEqual(logged.appeared, { count: 1, on: places('nproc') });
    assert.deepEqual(logged.gone, { count: 2, on: places('uname') });

    const recorded = await asked('--recording', recording);
    assert.equal(recorded.findings, 1);
    assert.equal(recorded.before, 2);

    const first = await asked('--state', state, '--session', 'last');
    assert.equal(first.before, 2);
  },
);

test('backtest wants one place of events and says which there are', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  writeFileSync(join(folder, 'r.yml'), rule('x'));
  const asked = await run(SPOOR, ['rules', 'backtest', '--rules', join(folder, 'r.yml')]);
  assert.equal(asked.code, 2);
  assert.match(
    String(asked.stderr),
    /name the events by one of --events FILE, --state FOLDER and --recording FILE/,
  );
  const missing = await run(SPOOR, [
    ...['rules', 'backtest', '--rules', join(folder, 'r.yml'), '--state', join(folder, 'nowhere')],
  ]);
  assert.equal(missing.code, 2);
  assert.match(String(missing.stderr), /nowhere does not exist/);
});
