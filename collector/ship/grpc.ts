import {
  type ChannelCredentials,
  Client,
  type ClientOptions,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { grpcWords, readAnswer } from './answer.ts';
import type { Destination } from './destination.ts';
import { type Endpoint, isLoopback } from './endpoint.ts';
import type { Headers } from './headers.ts';
import { readRetryDelayMs } from './rpc-status.ts';
import type { Tls, TlsMaterial } from './tls.ts';
import type { Outcome, Transport } from './transport.ts';
import { SettingError } from './watched-file.ts';

/** Traces go by OpenTelemetry's own exporter (collector/traces/). */
const EXPORT = {
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
} as const;

/** grpc-js waits between connection attempts by itself; more than this would hide our own backoff. */
const MAX_RECONNECT_MS = 5_000;

/** grpc-js's number for gzip; it compresses off the event loop. */
const GZIP = 2;

/** Codes for which the OTLP specification (1.11, "OTLP/gRPC Response", "Failures") says to try again. */
const RETRYABLE = new Set([
  status.CANCELLED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/** Codes that say something of the sender or of the service, whatever it was sent. */
const UNWELCOME = new Set([
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
  status.UNIMPLEMENTED,
  status.NOT_FOUND,
]);

/** Sends OTLP/gRPC. The serializer is the identity: requests are bytes already. */
export class GrpcTransport implements Transport {
  readonly #destination: Destination;
  readonly #method: string;
  readonly #headers: Headers;
  readonly #tls: Tls;
  #client: Client | undefined;
  /** What the client was made with; a renewed certificate needs a new one. */
  #material: TlsMaterial | undefined;

  constructor(destination: Destination, headers: Headers, tls: Tls, signal: keyof typeof EXPORT = 'logs') {
    this.#destination = destination;
    this.#method = EXPORT[signal];
    this.#headers = headers;
    this.#tls = tls;
  }

  async send(request: Buffer): Promise<Outcome> {
    let client: Client;
    let metadata: Metadata;
    try {
      client = this.#connected();
      metadata = metadataOf(this.#headers);
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      return { kind: 'retry', afterMs: 0, cause: error.message };
    }
    return new Promise((resolve) => {
      client.makeUnaryRequest(
        this.#method,
        identity,
        identity,
        request,
        metadata,
        { deadline: Date.now() + this.#destination.timeoutMs },
        (error, answer) => resolve(error ? outcomeOf(error) : readAnswer(answer ?? Buffer.alloc(0))),
      );
    });
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }

  #connected(): Client {
    const { endpoint, compression } = this.#destination;
    const material = this.#tls.current();
    if (this.#client && material === this.#material) return this.#client;
    this.#client?.close();
    this.#client = new Client(`${endpoint.host}:${endpoint.port}`, channelCredentials(endpoint, material), {
      ...channelOptions(endpoint, this.#tls.serverName),
      ...(compression === 'gzip' ? { 'grpc.default_compression_algorithm': GZIP } : {}),
    });
    this.#material = material;
    return this.#client;
  }
}

function channelCredentials({ secure }: Endpoint, material: TlsMaterial): ChannelCredentials {
  if (!secure) return credentials.createInsecure();
  return credentials.createSsl(pemBytes(material.ca), pemBytes(material.key), pemBytes(material.certificate));
}

/** As grpc-js takes it. */
export function pemBytes(pem: string | undefined): Buffer | null {
  return pem === undefined ? null : Buffer.from(pem);
}

export function metadataOf(headers: Headers): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers.current())) metadata.set(name, value);
  return metadata;
}

function channelOptions(endpoint: Endpoint, serverName: string | undefined): ClientOptions {
  return {
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': MAX_RECONNECT_MS,
    // Proxy settings of the environment are for the way out of the machine.
    'grpc.enable_http_proxy': isLoopback(endpoint) ? 0 : 1,
    'grpc.enable_retries': 0,
    ...(serverName === undefined
      ? {}
      : { 'grpc.ssl_target_name_override': serverName, 'grpc.default_authority': serverName }),
  };
}

function identity(bytes: Buffer): Buffer {
  return bytes;
}

function outcomeOf(error: ServiceError): Outcome {
  const cause = `${status[error.code]}: ${grpcWords(error.details) || 'no reason given'}`;
  const askedMs = askedDelayMs(error.metadata);
  if (error.code === status.DEADLINE_EXCEEDED) return { kind: 'timeout', cause };
  // RESOURCE_EXHAUSTED may be tried again only where the receiver says when; without, the request is too much for it.
  if (error.code === status.RESOURCE_EXHAUSTED)
    return askedMs === undefined ? { kind: 'too_large', cause } : { kind: 'retry', afterMs: askedMs, cause };
  if (RETRYABLE.has(error.code)) return { kind: 'retry', afterMs: askedMs ?? 0, cause };
  return { kind: UNWELCOME.has(error.code) ? 'unwelcome' : 'refused', cause };
}

/** What the receiver asked us to wait: google.rpc.RetryInfo in the status details, or gRPC's own pushback (gRFC A6). */
function askedDelayMs(metadata: Metadata | undefined): number | undefined {
  const details = metadata?.get('grpc-status-details-bin')[0];
  if (Buffer.isBuffer(details)) return readRetryDelayMs(details);
  const pushback = metadata?.get('grpc-retry-pushback-ms')[0];
  return typeof pushback === 'string' && /^\d{1,9}$/.test(pushback) ? Number(pushback) : undefined;
}
