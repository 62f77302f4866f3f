/** Writes down what a sensor reports, while it reports it (docs/recordings.md). */

import { closeSync, openSync, writeSync } from 'node:fs';
import type { SensorEvent } from '../event.ts';
import type { Sensor } from '../sensor.ts';
import { SensorError } from '../sensor.ts';
import { eventLine, headLine, RECORDING_VERSION, type RecordedAgent } from './events.ts';

/**
 * The same sensor, with every event also written to `file`, before the receiver sees it. The file is made anew, for
 * the owner's eyes only: arguments and paths stand in it as they were, unredacted.
 * @param agent what the session that is recorded was taken for
 * @throws SensorError when the file cannot be made
 */
export function recordTo(file: string, sensor: Sensor, agent?: RecordedAgent): Sensor {
  const to = open(file);
  writeLine(
    to,
    headLine({
      recording: RECORDING_VERSION,
      facts: sensor.facts,
      wallOffsetNs: sensor.wallOffsetNs(),
      coverage: sensor.coverage(),
      agent,
    }),
  );
  return {
    facts: sensor.facts,
    start: (receive) =>
      sensor.start((batch) => {
        writeLine(to, batch.map((event: SensorEvent) => eventLine(event)).join('\n'));
        receive(batch);
      }),
    wallOffsetNs: () => sensor.wallOffsetNs(),
    tag: (pid, session) => sensor.tag(pid, session),
    suspect: (words) => sensor.suspect(words),
    tellCallersOf: (hosts) => sensor.tellCallersOf(hosts),
    judge: (suspect, becomes) => sensor.judge(suspect, becomes),
    running: () => sensor.running(),
    members: (session) => sensor.members(session),
    flush: () => sensor.flush(),
    counts: () => sensor.counts(),
    coverage: () => sensor.coverage(),
    look: () => sensor.look(),
    async stop() {
      await sensor.stop();
      closeSync(to);
    },
  };
}

function open(file: string): number {
  try {
    return openSync(file, 'w', 0o600);
  } catch (error) {
    throw new SensorError(
      `${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function writeLine(to: number, line: string): void {
  if (line.length === 0) return;
  let rest = Buffer.from(`${line}\n`, 'utf8');
  while (rest.length > 0) rest = rest.subarray(writeSync(to, rest));
}
