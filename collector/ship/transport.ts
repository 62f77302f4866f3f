/** One way to bring a request to a receiver; knows nothing of logs or positions. */
export interface Transport {
  /** Never rejects: what went wrong is an outcome. */
  send(request: Buffer): Promise<Outcome>;
  close(): void;
}

export type Outcome =
  /** The receiver has it. `rejected` records of it were refused for good (partial success), for the reason in `message`. */
  | { readonly kind: 'accepted'; readonly rejected: number; readonly message: string }
  /** Not delivered; the same request may succeed later, not before `afterMs`. */
  | { readonly kind: 'retry'; readonly afterMs: number; readonly cause: string }
  /** The receiver understood and refused this request; sending it again would be refused again. */
  | { readonly kind: 'refused'; readonly cause: string };

/** An endpoint nobody can send to; says what is wrong with it. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';
}

export interface Endpoint {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
}

const DEFAULT_PORT = 4317;

/** @throws EndpointError naming the mend */
export function parseEndpoint(url: string): Endpoint {
  const match = /^(https?):\/\/(\[[0-9A-Fa-f:.]+\]|[^/:@[\]\s]+)(?::(\d{1,5}))?\/?$/.exec(url);
  if (!match) {
    if (!url.includes('://'))
      throw new EndpointError(
        `receiver "${url}" has no scheme; write https://${url} (or http://${url} to send in clear)`,
      );
    throw new EndpointError(`receiver "${url}" is not http://HOST:PORT or https://HOST:PORT`);
  }
  const port = Number(match[3] ?? DEFAULT_PORT);
  if (port < 1 || port > 65_535)
    throw new EndpointError(`receiver "${url}": ${port} is not a port; use 1 to 65535`);
  return { secure: match[1] === 'https', host: match[2] ?? '', port };
}
