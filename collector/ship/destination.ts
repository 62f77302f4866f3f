import { type Endpoint, EndpointError, isLoopback, type Protocol, parseEndpoint } from './endpoint.ts';
import { type HeaderSources, headerNameFault, isSecret } from './headers.ts';
import type { TlsFiles } from './tls.ts';
import { SettingError } from './watched-file.ts';

export type Compression = 'none' | 'gzip';

/** What may be said of a receiver; everything but the URL has a default. */
export interface DestinationSettings {
  readonly url: string;
  /** By the URL where left out: see parseEndpoint. */
  readonly protocol?: Protocol | undefined;
  readonly compression?: Compression | undefined;
  readonly timeoutMs?: number | undefined;
  readonly tls?: TlsFiles | undefined;
  readonly headers?: HeaderSources | undefined;
}

export interface Destination {
  readonly url: string;
  readonly endpoint: Endpoint;
  readonly compression: Compression;
  readonly timeoutMs: number;
  readonly tls: TlsFiles;
  readonly headers: HeaderSources;
}

/** OpenTelemetry's own default. A receiver that says nothing for so long counts as gone; the request is sent again. */
const DEFAULT_TIMEOUT_MS = 10_000;

/** What is wrong with one setting, and which: the path of keys below the destination. */
export interface SettingFault {
  readonly path: readonly string[];
  readonly place: 'key' | 'value';
  readonly text: string;
}

/**
 * Checks what can be checked without reading a file; those may come later, or change.
 * @throws EndpointError, SettingError
 */
export function destinationFrom(settings: DestinationSettings): Destination {
  const { url, protocol, compression = 'none', timeoutMs = DEFAULT_TIMEOUT_MS } = settings;
  const endpoint = parseEndpoint(url, protocol);
  const [fault] = faultsIn(settings, endpoint);
  if (fault) throw new SettingError(`receiver ${url}: ${fault.path.join('.')}: ${fault.text}`);
  return { url, endpoint, compression, timeoutMs, tls: settings.tls ?? {}, headers: settings.headers ?? {} };
}

/** Every mistake, for the configuration's reader. */
export function destinationFaults(settings: DestinationSettings): SettingFault[] {
  try {
    return faultsIn(settings, parseEndpoint(settings.url, settings.protocol));
  } catch (error) {
    if (!(error instanceof EndpointError)) throw error;
    return [{ path: ['endpoint'], place: 'value', text: error.message }];
  }
}

function faultsIn({ tls = {}, headers = {} }: DestinationSettings, endpoint: Endpoint): SettingFault[] {
  const faults: SettingFault[] = [];
  const say = (path: string[], place: SettingFault['place'], text: string): void => {
    faults.push({ path, place, text });
  };
  if (!endpoint.secure && Object.values(tls).some((value) => value !== undefined))
    say(['tls'], 'key', 'has no meaning for http://; write https:// or take it out');
  if (tls.certificate !== undefined && tls.key === undefined)
    say(['tls', 'certificate'], 'key', 'needs its private key; add "key"');
  if (tls.key !== undefined && tls.certificate === undefined)
    say(['tls', 'key'], 'key', 'needs its certificate; add "certificate"');
  for (const [name, source] of Object.entries(headers)) {
    const fault = headerNameFault(name);
    if (fault !== undefined) say(['headers', name], 'key', fault);
    else if (isSecret(source) && !endpoint.secure && !isLoopback(endpoint))
      say(['headers', name], 'key', 'would cross the network in clear; write https:// for the endpoint');
  }
  return faults;
}
