/**
 * Keeps Node off the descriptors that COMMAND shares.
 *
 * Whoever reads `process.stderr` makes Node open a stream on descriptor 2, which sets O_NONBLOCK on what it refers to:
 * for a pipe or socket, that of COMMAND and of the shell too. And Node reads it itself, at the close of any socket
 * (net.js, Socket.prototype._destroy). So while COMMAND runs, these names lead to streams that write without opening.
 */

import { Writable } from 'node:stream';
import { writeAll } from './terminal.ts';

/** Call before anything else is loaded: what was read before stays opened. */
export function leaveStreamsAlone(): void {
  for (const [name, fd] of [
    ['stdout', 1],
    ['stderr', 2],
  ] as const) {
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        writeAll(fd, chunk.toString());
        done();
      },
    });
    Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => stream });
  }
}
