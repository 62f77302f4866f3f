/**
 * Brings spans to a receiver, once: by OpenTelemetry's OTLP/gRPC exporter, or for OTLP/HTTP by its serializers and the
 * transport that records go by. Both send with the destination's own TLS settings and headers, as they are now.
 */

import { checkServerIdentity } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { grpcWords } from '../ship/answer.ts';
import type { Destination } from '../ship/destination.ts';
import { metadataOf, pemBytes } from '../ship/grpc.ts';
import { Headers } from '../ship/headers.ts';
import { HttpTransport } from '../ship/http.ts';
import { hostId } from '../ship/resource.ts';
import { Tls } from '../ship/tls.ts';

export type ReadableSpan = Parameters<OTLPTraceExporter['export']>[0][number];

export type Sent =
  | { readonly kind: 'taken' }
  | { readonly kind: 'failed'; readonly cause: string }
  /** This receiver takes no traces, and will not later. */
  | { readonly kind: 'unknown_service' };

export interface SpanSender {
  /** One request at a time. Never rejects. */
  send(spans: ReadableSpan[]): Promise<Sent>;
  close(): void;
}

/** gRPC status UNIMPLEMENTED. */
const UNIMPLEMENTED = 12;

export function createSpanSender(destination: Destination): SpanSender {
  const headers = new Headers(destination.headers);
  const tls = new Tls(destination.tls, hostId());
  const sender =
    destination.endpoint.protocol === 'grpc'
      ? new GrpcSpanSender(destination, headers, tls)
      : new HttpSpanSender(destination, headers, tls);
  return {
    async send(spans) {
      try {
        return await sender.send(spans);
      } catch (error) {
        // Whatever the exporter's packages throw: the session goes on being watched, and is told of it at its end.
        const cause = error instanceof Error ? error.message : String(error);
        return { kind: 'failed', cause: headers.mask(cause) };
      }
    },
    close: () => sender.close(),
  };
}

class GrpcSpanSender {
  readonly #destination: Destination;
  readonly #headers: Headers;
  readonly #tls: Tls;
  #exporter: OTLPTraceExporter | undefined;
  /** What the exporter was made with; it reads its settings once. */
  #madeWith = '';

  constructor(destination: Destination, headers: Headers, tls: Tls) {
    this.#destination = destination;
    this.#headers = headers;
    this.#tls = tls;
  }

  async send(spans: ReadableSpan[]): Promise<Sent> {
    const exporter = this.#current();
    return new Promise((resolve) => {
      exporter.export(spans, ({ error }) => {
        if (!error) resolve({ kind: 'taken' });
        else if ((error as { code?: unknown }).code === UNIMPLEMENTED) resolve({ kind: 'unknown_service' });
        else resolve({ kind: 'failed', cause: this.#headers.mask(grpcWords(error.message)) });
      });
    });
  }

  close(): void {
    // Not waited for: it would wait for a request under way, which is given up and made again from the log.
    void this.#exporter?.shutdown();
    this.#exporter = undefined;
  }

  #current(): OTLPTraceExporter {
    const material = this.#tls.current();
    const settings = JSON.stringify([material, this.#headers.current()]);
    if (this.#exporter && settings === this.#madeWith) return this.#exporter;
    void this.#exporter?.shutdown();
    const { url, endpoint, compression, timeoutMs } = this.#destination;
    const { serverName } = this.#tls;
    const secure = (): ReturnType<typeof credentials.createSsl> =>
      credentials.createSsl(
        pemBytes(material.ca),
        pemBytes(material.key),
        pemBytes(material.certificate),
        serverName === undefined
          ? {}
          : { checkServerIdentity: (_, certificate) => checkServerIdentity(serverName, certificate) },
      );
    this.#exporter = withoutExporterVariables(
      () =>
        new OTLPTraceExporter({
          url,
          timeoutMillis: timeoutMs,
          compression: compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
          credentials: endpoint.secure ? secure() : credentials.createInsecure(),
          metadata: metadataOf(this.#headers),
        }),
    );
    this.#madeWith = settings;
    return this.#exporter;
  }
}

class HttpSpanSender {
  readonly #transport: HttpTransport;
  readonly #headers: Headers;
  readonly #serializer: typeof ProtobufTraceSerializer;

  constructor(destination: Destination, headers: Headers, tls: Tls) {
    this.#transport = new HttpTransport(destination, headers, tls, 'traces');
    this.#headers = headers;
    this.#serializer =
      destination.endpoint.protocol === 'http/json' ? JsonTraceSerializer : ProtobufTraceSerializer;
  }

  async send(spans: ReadableSpan[]): Promise<Sent> {
    const request = this.#serializer.serializeRequest(spans);
    if (!request) return { kind: 'failed', cause: 'the spans could not be encoded' };
    const outcome = await this.#transport.send(Buffer.from(request));
    if (outcome.kind === 'accepted') return { kind: 'taken' };
    // What a receiver of logs answers that has no place for traces.
    if (/^HTTP (404|405|501) /.test(outcome.cause)) return { kind: 'unknown_service' };
    return { kind: 'failed', cause: this.#headers.mask(outcome.cause) };
  }

  close(): void {
    this.#transport.close();
  }
}

/**
 * OpenTelemetry's exporter lays OTEL_EXPORTER_OTLP_HEADERS over what it is given. Those may belong to another
 * receiver, the agent's own: environment.ts decides, and nothing else.
 */
function withoutExporterVariables<T>(make: () => T): T {
  const hidden = Object.entries(process.env).filter(([name]) => name.startsWith('OTEL_EXPORTER_OTLP_'));
  for (const [name] of hidden) delete process.env[name];
  try {
    return make();
  } finally {
    Object.assign(process.env, Object.fromEntries(hidden));
  }
}
