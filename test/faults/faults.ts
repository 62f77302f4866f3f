/**
 * `make test-faults`: does to Spoor what happens to software on real machines, and prints what came of it.
 *
 *   node dist/test/faults/faults.js [ci|full] [WORDS OF A NAME]
 *
 * The whole of it is also written as a page: docs/faults.md of the full size, build/faults.md of the small one. Exit
 * code 1 when a row did not hold.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CHECKOUT } from '../checkout.ts';
import { certificateFaults } from './certificates.ts';
import { diskFaults } from './disk.ts';
import type { Fault, FaultSize } from './fault.ts';
import { hostFaults } from './host.ts';
import { kills } from './kill.ts';
import { manipulations } from './manipulation.ts';
import { outages } from './outage.ts';
import { powerCuts } from './power-cut.ts';
import { receiverFaults } from './receiver.ts';

/** By what is harmed. Whoever has faults to add, adds a group here. */
const GROUPS: readonly { readonly title: string; readonly faults: readonly Fault[] }[] = [
  { title: 'Processes and power', faults: [...kills, ...powerCuts] },
  { title: 'Disks', faults: diskFaults },
  { title: 'Clock, key, host', faults: hostFaults },
  { title: 'Files of the log, changed by somebody', faults: manipulations },
  { title: 'Receivers', faults: receiverFaults },
  { title: 'Certificates', faults: certificateFaults },
  { title: 'Outages', faults: outages },
];

interface Row {
  readonly name: string;
  readonly happened: string;
  readonly verdict: 'held' | 'BROKEN';
  readonly lost: string;
  readonly seconds: string;
}

async function rowOf(fault: Fault, size: FaultSize): Promise<Row> {
  const startMs = performance.now();
  const seconds = (): string => ((performance.now() - startMs) / 1_000).toFixed(1);
  try {
    const { happened, lost } = await fault.run(size);
    return { name: fault.name, happened, verdict: 'held', lost: String(lost), seconds: seconds() };
  } catch (error) {
    const happened = error instanceof Error ? error.message : String(error);
    return { name: fault.name, happened, verdict: 'BROKEN', lost: '?', seconds: seconds() };
  }
}

const HEAD = ['fault', 'what happened', 'verdict', 'records lost', 'seconds'];

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

function lineOf({ name, happened, verdict, lost, seconds }: Row): string {
  return line([name, happened, verdict, lost, seconds]);
}

async function main(): Promise<void> {
  const size: FaultSize = process.argv[2] === 'full' ? 'full' : 'ci';
  const words = process.argv.slice(3).join(' ');
  const page: string[] = [];
  let broken = 0;
  const say = (text: string): void => {
    console.log(text);
    page.push(text);
  };
  for (const { title, faults } of GROUPS) {
    const chosen = faults.filter(({ name }) => name.includes(words));
    if (chosen.length === 0) continue;
    for (const text of [`## ${title}`, '', line(HEAD), line(HEAD.map(() => '---'))]) say(text);
    for (const fault of chosen) {
      const row = await rowOf(fault, size);
      if (row.verdict === 'BROKEN') broken++;
      say(lineOf(row));
    }
    say('');
  }
  if (words === '' && broken === 0) {
    const path = join(CHECKOUT, size === 'full' ? 'docs/faults.md' : 'build/faults.md');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${introductionOf(size)}${page.join('\n')}`);
  }
  console.log(broken === 0 ? 'every row held' : `${broken} rows did not hold`);
  process.exitCode = broken === 0 ? 0 : 1;
}

function introductionOf(size: FaultSize): string {
  return `# Faults

What was done to Spoor, and what came of it. Written by \`make test-faults\`, which fails when a row does not hold; this
table is of the size \`${size}\` (\`FAULTS=ci\` is the small one, which every change must pass). *Records lost* counts what
was handed over to be sealed and is nowhere now: a checkpoint covered none of it, and what Spoor itself had to let go is
stated in the log by kind.

`;
}

await main();
