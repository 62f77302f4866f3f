import {
  Agent as ClearAgent,
  type IncomingMessage,
  request as requestInClear,
  STATUS_CODES,
} from 'node:http';
import { request as requestByTls, Agent as TlsAgent } from 'node:https';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { readAnswer, readJsonAnswer, shortened } from './answer.ts';
import type { Destination } from './destination.ts';
import { type Signal, signalPath } from './endpoint.ts';
import type { Headers } from './headers.ts';
import { readStatusMessage } from './rpc-status.ts';
import type { Tls, TlsMaterial } from './tls.ts';
import type { Outcome, Transport } from './transport.ts';
import { SettingError } from './watched-file.ts';

const JSON_TYPE = 'application/json';
/** An OTLP answer is a sentence. The rest of a longer one is not read, and it counts as no OTLP message. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** A connection that was idle for longer is likely closed on the other side. */
const KEEP_ALIVE_MS = 30_000;

/** Answers for which the OTLP specification (1.11, "OTLP/HTTP Response", "Retryable Response Codes") says to try again. */
const RETRYABLE = new Set([429, 502, 503, 504]);
/** Answers about what was in the request: it may be one record of it. */
const REFUSED = new Set([400, 422, 500]);

const compress = promisify(gzip);

/** Sends OTLP/HTTP, by one connection that is kept. Redirects are not followed: headers are for one host. */
export class HttpTransport implements Transport {
  readonly #destination: Destination;
  readonly #path: string;
  readonly #headers: Headers;
  readonly #tls: Tls;
  #agent: ClearAgent | undefined;
  /** What the agent was made with; a renewed certificate needs a new one. */
  #material: TlsMaterial | undefined;

  constructor(destination: Destination, headers: Headers, tls: Tls, signal: Signal = 'logs') {
    this.#destination = destination;
    this.#path = signalPath(destination.endpoint, signal);
    this.#headers = headers;
    this.#tls = tls;
  }

  async send(request: Buffer): Promise<Outcome> {
    const { compression, endpoint } = this.#destination;
    let agent: ClearAgent;
    let headers: Record<string, string | number>;
    try {
      agent = this.#connected();
      headers = { ...this.#headers.current() };
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      return { kind: 'retry', afterMs: 0, cause: error.message };
    }
    headers['content-type'] = endpoint.protocol === 'http/json' ? JSON_TYPE : 'application/x-protobuf';
    headers['user-agent'] = 'spoor';
    let body: Buffer = request;
    if (compression === 'gzip') {
      headers['content-encoding'] = 'gzip';
      body = await compress(request, { level: constants.Z_BEST_SPEED });
    }
    headers['content-length'] = body.length;
    return this.#post(agent, headers, body);
  }

  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  #post(agent: ClearAgent, headers: Record<string, string | number>, body: Buffer): Promise<Outcome> {
    const { endpoint, timeoutMs } = this.#destination;
    const { secure, host, port } = endpoint;
    const bareHost = host.replace(/^\[|\]$/g, '');
    return new Promise((resolve) => {
      const post = secure ? requestByTls : requestInClear;
      const sent = post({ host: bareHost, port, path: this.#path, method: 'POST', agent, headers });
      const timer = setTimeout(() => {
        resolve({ kind: 'timeout', cause: `no answer within ${timeoutMs / 1_000} s` });
        sent.destroy();
      }, timeoutMs);
      const settle = (outcome: Outcome): void => {
        clearTimeout(timer);
        resolve(outcome);
      };
      const failed = (error: Error): void => settle({ kind: 'retry', afterMs: 0, cause: whyIt(error) });
      sent.on('error', failed);
      sent.on('response', (response) => {
        bodyOf(response).then(
          (answer) => settle(outcomeOf(response, answer, String(headers['content-type']))),
          failed,
        );
      });
      sent.end(body);
    });
  }

  #connected(): ClearAgent {
    const { endpoint } = this.#destination;
    const material = this.#tls.current();
    if (this.#agent && material === this.#material) return this.#agent;
    this.#agent?.destroy();
    const options = { keepAlive: true, maxSockets: 1, keepAliveMsecs: KEEP_ALIVE_MS };
    this.#agent = endpoint.secure
      ? new TlsAgent({ ...options, ...tlsOptions(material, this.#tls.serverName ?? endpoint.host) })
      : new ClearAgent(options);
    this.#material = material;
    return this.#agent;
  }
}

function tlsOptions({ ca, certificate, key }: TlsMaterial, serverName: string): object {
  return {
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate, key }),
    // RFC 6066: an address is no server name; it is then checked against the certificate's addresses.
    ...(isIP(serverName.replace(/^\[|\]$/g, '')) === 0 ? { servername: serverName } : {}),
  };
}

/** The message of an OpenSSL error begins with a thread number and a file of its source; its reason does not. */
function whyIt(error: Error & { readonly reason?: unknown; readonly library?: unknown }): string {
  // Errors of Node about names have a reason too, which leaves out what is wrong.
  const { reason, library } = error;
  return shortened(typeof reason === 'string' && library !== undefined ? `TLS: ${reason}` : error.message);
}

/** At most MAX_ANSWER_BYTES of it, and one byte more where there is more. */
async function bodyOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES + 1);
}

function outcomeOf(response: IncomingMessage, body: Buffer, sentAs: string): Outcome {
  const code = response.statusCode ?? 0;
  // Where the answer does not say its encoding, it is the request's, as the specification wants it to be.
  const isJson = (response.headers['content-type'] ?? sentAs).startsWith(JSON_TYPE);
  if (code >= 200 && code < 300) return isJson ? readJsonAnswer(body.toString()) : readAnswer(body);
  const message = shortened(isJson ? jsonMessage(body.toString()) : readStatusMessage(body));
  const cause = `HTTP ${code} ${STATUS_CODES[code] ?? ''}`.trim() + (message === '' ? '' : `: ${message}`);
  if (RETRYABLE.has(code)) return { kind: 'retry', afterMs: retryAfterMs(response), cause };
  if (code === 408) return { kind: 'timeout', cause };
  if (code === 413) return { kind: 'too_large', cause };
  return { kind: REFUSED.has(code) ? 'refused' : 'unwelcome', cause };
}

/** Retry-After (RFC 9110, 10.2.3): seconds, or a date. */
function retryAfterMs({ headers }: IncomingMessage): number {
  const asked = headers['retry-after'] ?? '';
  const ms = /^\d+$/.test(asked) ? Number(asked) * 1_000 : Date.parse(asked) - Date.now();
  return Math.max(0, ms || 0);
}

/** google.rpc.Status in JSON: {"code":3,"message":"..."}. */
function jsonMessage(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === 'string' ? message : '';
  } catch {
    return ''; // no JSON: the status code says enough
  }
}
