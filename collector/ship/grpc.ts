import { Client, credentials, type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { spoor } from '../../schemas/generated/otlp.js';
import { readRetryDelayMs } from './retryinfo.ts';
import { type Outcome, parseEndpoint, type Transport } from './transport.ts';

const EXPORT = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';

/** A receiver that says nothing for so long counts as gone; the request is sent again. */
const CALL_TIMEOUT_MS = 10_000;

/** grpc-js waits between connection attempts by itself; more than this would hide our own backoff. */
const MAX_RECONNECT_MS = 5_000;

/** Codes for which the OTLP specification (1.11, "OTLP/gRPC Response", "Failures") says to try again. */
const RETRYABLE = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/** Sends OTLP/gRPC. The serializer is the identity: requests are bytes already. */
export class GrpcTransport implements Transport {
  readonly #client: Client;

  /** @throws EndpointError */
  constructor(url: string) {
    const { secure, host, port } = parseEndpoint(url);
    const isLoopback = /^(127\.|localhost$|\[::1\]$)/.test(host);
    this.#client = new Client(
      `${host}:${port}`,
      secure ? credentials.createSsl() : credentials.createInsecure(),
      {
        'grpc.initial_reconnect_backoff_ms': 200,
        'grpc.max_reconnect_backoff_ms': MAX_RECONNECT_MS,
        // Proxy settings of the environment are for the way out of the machine.
        'grpc.enable_http_proxy': isLoopback ? 0 : 1,
        'grpc.enable_retries': 0,
      },
    );
  }

  send(request: Buffer): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        EXPORT,
        (bytes: Buffer) => bytes,
        decodeResponse,
        request,
        { deadline: Date.now() + CALL_TIMEOUT_MS },
        (error, response) => resolve(error ? outcomeOf(error) : acceptedAs(response)),
      );
    });
  }

  close(): void {
    this.#client.close();
  }
}

interface Answer {
  readonly rejected: number;
  readonly message: string;
}

/** An answer that is no ExportLogsServiceResponse is thrown; grpc-js turns that into INTERNAL. */
function decodeResponse(bytes: Buffer): Answer {
  const { partialSuccess } = spoor.otlp.ExportLogsServiceResponse.decode(bytes);
  return {
    rejected: Number(partialSuccess?.rejectedLogRecords ?? 0),
    message: partialSuccess?.errorMessage ?? '',
  };
}

function acceptedAs(answer: Answer | undefined): Outcome {
  return { kind: 'accepted', rejected: answer?.rejected ?? 0, message: answer?.message ?? '' };
}

function outcomeOf(error: ServiceError): Outcome {
  const cause = `${status[error.code]}: ${error.details || 'no reason given'}`;
  const askedMs = askedDelayMs(error.metadata);
  // RESOURCE_EXHAUSTED may be tried again only where the receiver says when; without, it will not recover by itself.
  if (RETRYABLE.has(error.code) || (error.code === status.RESOURCE_EXHAUSTED && askedMs !== undefined))
    return { kind: 'retry', afterMs: askedMs ?? 0, cause };
  return { kind: 'refused', cause };
}

/** What the receiver asked us to wait: google.rpc.RetryInfo in the status details, or gRPC's own pushback (gRFC A6). */
function askedDelayMs(metadata: Metadata | undefined): number | undefined {
  const details = metadata?.get('grpc-status-details-bin')[0];
  if (Buffer.isBuffer(details)) return readRetryDelayMs(details);
  const pushback = metadata?.get('grpc-retry-pushback-ms')[0];
  return typeof pushback === 'string' && /^\d{1,9}$/.test(pushback) ? Number(pushback) : undefined;
}
