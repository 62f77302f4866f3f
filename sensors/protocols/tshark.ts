/** For tests: Wireshark's own reading of the same bytes, as truth from outside. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Packets {
  /** text2pcap's option and ports, such as -T 40000,443: TCP from port 40000 to 443. */
  readonly headers: readonly [option: '-T' | '-u', ports: string];
  readonly payloads: readonly Uint8Array[];
}

/** Values of each field, one list a packet that has any of them; values of one field are in the order seen. */
export function tshark(packets: Packets, fields: readonly string[]): Map<string, string[]>[] {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-tshark-'));
  try {
    const dump = join(folder, 'dump');
    const capture = join(folder, 'capture.pcap');
    writeFileSync(dump, packets.payloads.map(hexDump).join('\n'));
    execFileSync('text2pcap', ['-q', ...packets.headers, '-4', '10.0.0.1,10.0.0.2', dump, capture], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const options = ['-r', capture, '-T', 'fields', '-E', 'separator=|', '-E', 'aggregator=;'];
    const printed = execFileSync('tshark', [...options, ...fields.flatMap((field) => ['-e', field])], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return printed
      .split('\n')
      .filter((line) => line.replaceAll('|', '') !== '')
      .map((line) => {
        const columns = line.split('|');
        return new Map(fields.map((field, i) => [field, (columns[i] ?? '').split(';').filter(Boolean)]));
      });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The form text2pcap reads: offset, then bytes. */
function hexDump(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)].map((byte) => byte.toString(16).padStart(2, '0'));
    text += `${at.toString(16).padStart(6, '0')} ${row.join(' ')}\n`;
  }
  return text;
}
