/**
 * The service's figures for whoever scrapes them: GET /metrics on a unix socket.
 * `curl --unix-socket /run/spoor/metrics.sock http://spoor/metrics`
 */

import { createServer, STATUS_CODES } from 'node:http';
import { type EntranceNeeds, type Listening, openEntrance } from './entrance.ts';

/** A scrape is one request, answered and read in that time; a client that keeps sending, or says nothing, is none. */
const SCRAPE_MS = 5_000;

export interface MetricsSocketNeeds extends Pick<EntranceNeeds, 'watchedIn' | 'failed'> {
  /** As Prometheus text. */
  readonly text: () => string;
}

/** @throws Refused when a service listens there already */
export function serveMetrics(
  path: string,
  { text, watchedIn, failed }: MetricsSocketNeeds,
): Promise<Listening> {
  const server = createServer((request, response) => {
    response.setHeader('connection', 'close');
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end('there is only GET /metrics\n');
      return;
    }
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
    response.end(text());
  });
  // Figures of the whole host: for root and whoever root gives the socket to.
  return openEntrance(path, 0o660, {
    watchedIn,
    failed,
    refusal: (why) => `HTTP/1.1 403 ${STATUS_CODES[403]}\r\nconnection: close\r\n\r\n${why}\n`,
    enter(socket) {
      const timer = setTimeout(() => socket.destroy(), SCRAPE_MS).unref();
      socket.once('close', () => clearTimeout(timer));
      server.emit('connection', socket);
      socket.resume();
    },
  });
}
