/** A road to a receiver that breaks: connections are reset in the middle of what they carry. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { atEnd, type Scope } from '../at-end.ts';

export interface ResettingRoad {
  readonly port: number;
  readonly resets: number;
}

/**
 * @param target port of the receiver
 * @param afterBytes of what the sender sends on a connection, until it is reset on both sides
 * @param times this often; then the road holds
 */
export async function resettingRoad(
  t: Scope,
  target: number,
  afterBytes: (number: number) => number,
  times: number,
): Promise<ResettingRoad> {
  let resets = 0;
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    const limit = resets < times ? afterBytes(resets) : Number.POSITIVE_INFINITY;
    let sent = 0;
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', end); // the other side of a reset
      socket.on('close', () => {
        open.delete(socket);
        end();
      });
    }
    near.on('data', (bytes: Buffer) => {
      sent += bytes.length;
      if (sent < limit) {
        far.write(bytes);
        return;
      }
      if (near.destroyed) return;
      resets++;
      far.write(bytes.subarray(0, bytes.length - (sent - limit)), () => far.resetAndDestroy());
      near.resetAndDestroy();
    });
    far.on('data', (bytes: Buffer) => near.write(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    get resets() {
      return resets;
    },
  };
}
