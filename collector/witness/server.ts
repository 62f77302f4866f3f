import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer, Witness, WitnessMemory } from './witness.ts';

/** A checkpoint has half a kilobyte, 63 hashes have three; what is longer is refused unread. */
const MAX_REQUEST_BYTES = 64 * 1024;
/** A client that does not send its few lines for so long is cut off. */
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 1_000;

export interface WitnessServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface WitnessServerOptions {
  readonly witness: Witness;
  readonly memory: WitnessMemory;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Told of each request: what was answered, or for status 500 why, for the witness's own log. */
  readonly answered: (request: string, answer: Answer) => void;
}

/**
 * The witness as an HTTP server:
 *
 *     POST /add-checkpoint            C2SP tlog-witness
 *     GET  /checkpoint/SHA256         of the origin: the newest checkpoint that was cosigned for a log, with its signatures
 */
export function serveWitness(options: WitnessServerOptions): Promise<WitnessServer> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    respond(options, request).then(
      (answer) => {
        options.answered(`${request.method} ${request.url}`, answer);
        send(response, answer);
      },
      (error: Error) => {
        options.answered(`${request.method} ${request.url}`, { status: 500, body: `${error.message}\n` });
        // The cause names files of this host: the operator's to know, and nobody's who asks from afar.
        send(response, { status: 500, body: 'the witness cannot answer now; its operator was told why\n' });
      },
    );
  });
  server.maxConnections = MAX_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}

async function respond({ witness, memory }: WitnessServerOptions, request: IncomingMessage): Promise<Answer> {
  const { method, url = '' } = request;
  const asked = /^\/checkpoint\/([0-9a-f]{64})$/.exec(url)?.[1];
  if (method === 'GET' && asked !== undefined) {
    const note = memory.noteOf(asked);
    return note === undefined
      ? { status: 404, body: 'no checkpoint of that log was cosigned\n' }
      : { status: 200, body: note };
  }
  if (url !== '/add-checkpoint') return { status: 404, body: 'POST /add-checkpoint\n' };
  if (method !== 'POST') return { status: 405, body: 'POST it\n' };
  const body = await readBody(request);
  if (body === undefined) return { status: 413, body: `more than ${MAX_REQUEST_BYTES} bytes\n` };
  return witness.addCheckpoint(body, Math.floor(Date.now() / 1_000));
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_REQUEST_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, { status, body, contentType }: Answer): void {
  response.writeHead(status, { 'content-type': contentType ?? 'text/plain; charset=utf-8' });
  response.end(body);
}
