/** Every attack runs for real under `spoor run`, and what is found of it is compared with what should be. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadRuleSet } from '../../collector/detect/load.ts';
import { builtinRules, readRuleFiles } from '../../collector/detect/pack.ts';
import { readPlaceholders } from '../../collector/detect/placeholder-file.ts';
import { atEnd, emptyFolder } from '../at-end.ts';
import { eventsIn, NEEDS_ROOT, type PrintedEvent, spoor } from '../spoor.ts';
import { type Arrivals, followFindings } from './arrivals.ts';
import { ATTACKS, type Attack } from './attacks.ts';
import { type Row, tableOf } from './result-table.ts';
import { setStage } from './stage.ts';

const TITLES = titlesByName();

test(`of ${ATTACKS.length} attacks run for real, each that the sensor can see is found`, {
  skip: NEEDS_ROOT,
}, async (t) => {
  const state = emptyFolder(t);
  await spoor(['run', '--state', state, '--', 'true']);
  const arrivals = followFindings(state);
  atEnd(t, () => arrivals.stop());
  const rows: Row[] = [];
  for (const attack of ATTACKS) rows.push(await run(attack, state, arrivals));
  // ATTACK_TABLE names a file for the table, to be taken into docs/detections-tested.md.
  if (process.env.ATTACK_TABLE) writeFileSync(process.env.ATTACK_TABLE, tableOf(rows));
  t.diagnostic(`\n${tableOf(rows)}`);
  const missed = rows.filter((row) => row.missed.length > 0 && row.unseen === undefined);
  assert.deepEqual(
    missed.map((row) => `${row.attack.name}: ${row.missed.join(', ')}; fired: ${row.others.join(', ')}`),
    [],
  );
});

async function run(attack: Attack, state: string, arrivals: Arrivals): Promise<Row> {
  const stage = await setStage();
  try {
    await spoor(['run', '--state', state, '--', 'bash', '-c', attack.script], {
      env: { ...stage.environment, STATE: state },
      cwd: stage.folder,
    });
    const events = eventsIn(state, '--session', 'last');
    const findings = events.filter(({ event_name }) => event_name === 'finding');
    const found = attack.expected.map((name) =>
      findings.find((finding) => titleOf(finding) === TITLES.get(name)),
    );
    const seconds = await Promise.all(
      found.flatMap((finding) => (finding ? [arrivals.secondsTo(finding.uid)] : [])),
    );
    const isSeen = attack.needs === undefined || events.some(({ event_name }) => event_name === attack.needs);
    const wanted = attack.expected.map((name) => TITLES.get(name));
    return {
      attack,
      missed: attack.expected.filter((_, index) => found[index] === undefined),
      unseen: isSeen ? undefined : attack.needs,
      others: [...new Set(findings.map(titleOf))].filter((title) => !wanted.includes(title)),
      secondsToFinding: seconds.length > 0 ? Math.min(...seconds) : undefined,
    };
  } finally {
    await stage.close();
  }
}

function titleOf(finding: PrintedEvent): string {
  return String(finding.attributes['security_rule.name']);
}

function titlesByName(): Map<string, string> {
  const folder = builtinRules();
  const rules = loadRuleSet(readRuleFiles(folder), readPlaceholders(folder));
  const all = [...rules.detections, ...rules.correlations.map(({ rule }) => rule)];
  return new Map(all.map(({ name, title }) => [name ?? title, title]));
}
