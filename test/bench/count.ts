/**
 * What a state folder's log holds of a workload, as the driver wants it: "CAPTURED LOST".
 *
 *   node dist/test/bench/count.js STATE spawn|open|tcp|dev|outside
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { SPOOR } from '../checkout.ts';

interface Line {
  readonly event_name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Lines of the log, one after the other: it may be larger than a string can be. */
async function forEachEvent(state: string, take: (line: Line) => void): Promise<void> {
  const printing = spawn(SPOOR, ['events', '--state', state, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(printing, 'close');
  for await (const line of createInterface({ input: printing.stdout })) take(JSON.parse(line) as Line);
  const [code] = await ended;
  if (code !== 0) throw new Error(`spoor events --state ${state} ended with ${code}`);
}

async function main(): Promise<void> {
  const [state = '', workload = ''] = process.argv.slice(2);
  let lost = 0;
  const captured = { spawn: 0, open: 0, tcp: 0, compilers: 0, sources: 0 };
  await forEachEvent(state, ({ event_name, attributes }) => {
    const path = String(attributes['file.path'] ?? '');
    const executable = String(attributes['process.executable.path'] ?? '');
    if (event_name === 'sensor.gap') lost += Number(attributes['spoor.gap.count']);
    if (event_name === 'process.exec' && executable.endsWith('/wl_true')) captured.spawn++;
    if (event_name === 'process.exec' && executable.endsWith('/cc1')) captured.compilers++;
    if (event_name === 'file.open' && path.includes('wlu_')) captured.sources++;
    // Opens of one file by one program are one event and a sum.
    if (event_name === 'file.close' && path.includes('wlu_marker'))
      captured.open += Number(attributes['spoor.file.opens'] ?? 0);
    if (event_name === 'network.connect' && Number(attributes['network.peer.port']) === 45_999)
      captured.tcp++;
  });
  const shown: Readonly<Record<string, string>> = {
    spawn: String(captured.spawn),
    open: String(captured.open),
    tcp: String(captured.tcp),
    dev: `${captured.compilers}e/${captured.sources}o`,
    outside: '-',
  };
  console.log(`${shown[workload] ?? '-'} ${lost}`);
}

await main();
