/** What tshark captures on the loopback, whole: from before the first packet of a test to after its last. */

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Between two looks into the capture for a mark. */
const LOOK_MS = 20;

export interface Capture {
  /** A display filter that leaves out the capture's own packets. */
  readonly notOurs: string;
  /** Ends it when every packet sent before is in the file. */
  end(): Promise<void>;
}

/**
 * Captures into `file` what `filter` (pcap-filter(7)) lets through. tshark has no signal for "ready", and at its end it
 * drops what the kernel still holds for it; so a mark is sent until it is in the file, before and after.
 */
export async function captureLoopback(file: string, filter: string): Promise<Capture> {
  const marks = createSocket('udp4').bind(0, '127.0.0.1');
  await once(marks, 'listening');
  const { port } = marks.address();
  const tshark = spawn('tshark', ['-i', 'lo', '-f', `(${filter}) or udp port ${port}`, '-w', file, '-q'], {
    stdio: 'ignore',
  });
  async function mark(): Promise<void> {
    const text = randomUUID();
    while (!existsSync(file) || !readFileSync(file).includes(text)) {
      if (tshark.exitCode !== null) throw new Error(`tshark ended with ${tshark.exitCode}`);
      marks.send(text, port, '127.0.0.1');
      await wait(LOOK_MS);
    }
  }
  await mark();
  return {
    notOurs: `not udp.port == ${port}`,
    async end() {
      await mark();
      const ended = once(tshark, 'close');
      tshark.kill('SIGINT');
      await ended;
      marks.close();
    },
  };
}
