/** How requests are encoded and carried; the words are OpenTelemetry's (OTEL_EXPORTER_OTLP_PROTOCOL). */
export type Protocol = 'grpc' | 'http/protobuf' | 'http/json';

export const PROTOCOLS: readonly Protocol[] = ['grpc', 'http/protobuf', 'http/json'];

/** An endpoint nobody can send to; says what is wrong with it. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';
}

export interface Endpoint {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** What stands behind the port, without a slash at its end; empty for gRPC. */
  readonly path: string;
  readonly protocol: Protocol;
}

export type Signal = 'logs' | 'traces' | 'metrics';

/** The ports of the OTLP specification. */
const GRPC_PORT = 4317;
const HTTP_PORT = 4318;

const SIGNAL_PATH = /\/v1\/(logs|traces|metrics)$/;

/**
 * Reads http(s)://HOST[:PORT][/PATH]. Where nobody names the protocol, a path or port 4318 means http/protobuf,
 * everything else grpc. http:// is in clear, https:// TLS, for gRPC too.
 * @throws EndpointError naming the mend
 */
export function parseEndpoint(url: string, named?: Protocol): Endpoint {
  const match = /^(https?):\/\/(\[[0-9A-Fa-f:.]+\]|[^/:@[\]\s?#]+)(?::(\d{1,5}))?((?:\/[^\s?#]*)?)$/.exec(
    url,
  );
  if (!match) throw new EndpointError(whatIsWrong(url));
  const [, scheme, host = '', shownPort, shownPath = ''] = match;
  // A URL may write any character of a host as %XX; gRPC's packages read it so, and those of HTTP do not.
  if (host.includes('%') || !URL.canParse(`${scheme}://${host}`))
    throw new EndpointError(
      `receiver "${url}": "${host}" is not the name or address of a host; write it as it is, without %`,
    );
  const path = shownPath.replace(/\/+$/, '');
  const protocol = named ?? (path !== '' || Number(shownPort) === HTTP_PORT ? 'http/protobuf' : 'grpc');
  if (protocol === 'grpc' && path !== '')
    throw new EndpointError(
      `receiver "${url}" has a path, and gRPC knows none; take "${path}" out, or use http/protobuf`,
    );
  const port = Number(shownPort ?? (protocol === 'grpc' ? GRPC_PORT : HTTP_PORT));
  if (port < 1 || port > 65_535)
    throw new EndpointError(`receiver "${url}": ${port} is not a port; use 1 to 65535`);
  return { secure: scheme === 'https', host, port, path, protocol };
}

function whatIsWrong(url: string): string {
  // Neither this one nor the next is shown: it may hold a key or a password.
  if (/[?#]/.test(url))
    return 'receiver URL holds a query or fragment; take it out from ? or # on, and send a header from a file';
  if (!url.includes('://'))
    return `receiver "${url}" has no scheme; write https://${url} (or http://${url} to send in clear)`;
  if (/^https?:\/\/[^/]*@/.test(url))
    return 'receiver URL holds a user or password; take it out, and send a header from a file';
  return `receiver "${url}" is not http://HOST:PORT or https://HOST:PORT, with or without a path`;
}

/** The path of one signal: /v1/logs behind the base URL, unless the URL names a signal's path itself. */
export function signalPath({ path }: Endpoint, signal: Signal): string {
  return `${path.replace(SIGNAL_PATH, '')}/v1/${signal}`;
}

export function isLoopback({ host }: Endpoint): boolean {
  return /^(127\.[\d.]+|localhost|\[::1\])$/.test(host);
}
