/**
 * Writes what a run measured into the table, and the table's page anew.
 *
 *   SPOOR_OUT=build node --test dist/test/programs/evasions/evasions.test.js
 *   node dist/test/programs/evasions/record.js build/evasions-tracepoint.json ...
 *
 * Only the columns of the tiers given change. A reason that stands is kept while its event stays unseen.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isMap, parseDocument } from 'yaml';
import type { State } from './compare.ts';
import { renderPage } from './page.ts';
import { PROJECT, readTable } from './table.ts';

const TABLE = join(PROJECT, 'test/programs/evasions/table.yml');
const PAGE = join(PROJECT, 'docs/evasions.md');
const NO_REASON = 'no event tells of it';

type Measured = Record<string, Record<string, State> | string>;

function record(file: string): void {
  const tier = /^evasions-(lsm|tracepoint)\.json$/.exec(basename(file))?.[1];
  if (!tier)
    throw new Error(
      `${file}: the name says no tier; it must be evasions-lsm.json or evasions-tracepoint.json`,
    );
  const table = parseDocument(readFileSync(TABLE, 'utf8'));
  for (const [id, measured] of Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Measured)) {
    if (typeof measured === 'string') {
      // Another kernel may have offered the way: what was seen there stays.
      if (!isMap(table.getIn([id, tier]))) table.setIn([id, tier], measured);
      continue;
    }
    const column = Object.entries(measured).map(([event, state]) => {
      const before = table.getIn([id, tier, event]);
      const reason = String(before).startsWith('not_seen: ') ? String(before) : `not_seen: ${NO_REASON}`;
      return [event, state === 'not_seen' ? reason : state];
    });
    table.setIn([id, tier], table.createNode(Object.fromEntries(column)));
  }
  writeFileSync(TABLE, table.toString({ lineWidth: 0 }));
}

for (const file of process.argv.slice(2)) record(file);
writeFileSync(PAGE, renderPage(readTable()));
