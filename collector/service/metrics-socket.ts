/**
 * The service's figures for whoever scrapes them: GET /metrics on a unix socket.
 * `curl --unix-socket /run/spoor/metrics.sock http://spoor/metrics`
 */

import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { type Listening, listenAt, peerOf } from './control.ts';

/** A scrape is one request; a client that keeps sending is none. */
const REQUEST_TIMEOUT_MS = 5_000;

export interface MetricsSocketNeeds {
  /** As Prometheus text. */
  readonly text: () => string;
  /** id of the session that a process is watched in; undefined when it is in none. */
  readonly watchedIn: (pid: number) => Promise<string | undefined>;
}

export async function serveMetrics(path: string, needs: MetricsSocketNeeds): Promise<Listening> {
  const server = createServer(async (request, response) => {
    const { pid } = peerOf(request.socket);
    if (pid === 0 || (await needs.watchedIn(pid)) !== undefined) {
      response.writeHead(403).end('a process of a watched session gets no answer\n');
    } else if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end('there is only GET /metrics\n');
    } else {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
      response.end(needs.text());
    }
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  // Figures of the whole host: for root and whoever root gives the socket to.
  await listenAt(path, server, 0o660);
  return {
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(path, { force: true });
    },
  };
}
