/**
 * The settings of `spoor run --otlp URL`: OpenTelemetry's own variables, those of the logs signal before the general
 * ones. The endpoint is the option's alone, so nothing is shipped because a variable happens to be set.
 *
 * A variable speaks of the receiver that OTEL_EXPORTER_OTLP_ENDPOINT names. Where that is another one, most likely the
 * agent's own, none of them is used: its token is not for the SIEM.
 */

import type { Compression, DestinationSettings } from './destination.ts';
import { EndpointError, PROTOCOLS, type Protocol, parseEndpoint } from './endpoint.ts';
import type { HeaderSources } from './headers.ts';
import { SettingError } from './watched-file.ts';

/** @throws EndpointError, SettingError naming the variable */
export function destinationFromEnvironment(
  url: string,
  environment: NodeJS.ProcessEnv = process.env,
): DestinationSettings {
  const named = (name: string): string | undefined =>
    environment[`OTEL_EXPORTER_OTLP_LOGS_${name}`]?.trim() ||
    environment[`OTEL_EXPORTER_OTLP_${name}`]?.trim() ||
    undefined;
  const other = named('ENDPOINT');
  if (other !== undefined && !isSameHost(url, other)) return { url };
  const protocol = oneOf('PROTOCOL', PROTOCOLS, named('PROTOCOL'));
  const compression = oneOf<Compression>('COMPRESSION', ['none', 'gzip'], named('COMPRESSION'));
  const [ca, certificate, key] = [named('CERTIFICATE'), named('CLIENT_CERTIFICATE'), named('CLIENT_KEY')];
  const { secure } = parseEndpoint(url);
  return {
    url,
    protocol: protocolFor(url, protocol),
    compression,
    timeoutMs: milliseconds(named('TIMEOUT')),
    // In clear they have no meaning; in an environment they may be there for others.
    tls: secure ? { ca, certificate, key } : {},
    headers: headersIn(named('HEADERS') ?? ''),
  };
}

/** A path in the URL is HTTP's, whatever the environment says of receivers in general. */
function protocolFor(url: string, named: Protocol | undefined): Protocol | undefined {
  const told = parseEndpoint(url);
  return named === 'grpc' && told.path !== '' ? told.protocol : named;
}

function isSameHost(url: string, other: string): boolean {
  try {
    return parseEndpoint(url).host === parseEndpoint(other).host;
  } catch (error) {
    if (error instanceof EndpointError) return false;
    throw error;
  }
}

function oneOf<T extends string>(
  name: string,
  words: readonly T[],
  value: string | undefined,
): T | undefined {
  if (value === undefined) return undefined;
  const word = words.find((one) => one === value);
  if (word === undefined)
    throw new SettingError(`OTEL_EXPORTER_OTLP_${name} is "${value}"; set it to one of ${words.join(', ')}`);
  return word;
}

function milliseconds(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = Number(value);
  if (!Number.isSafeInteger(ms) || ms < 1 || ms > 1_000_000)
    throw new SettingError(`OTEL_EXPORTER_OTLP_TIMEOUT is "${value}"; set it to milliseconds, such as 10000`);
  return ms;
}

/** name=value,name=value, percent-encoded (W3C Baggage without its properties). */
function headersIn(text: string): HeaderSources {
  const sources: Record<string, { secret: string }> = {};
  for (const pair of text.split(',').filter((one) => one.trim() !== '')) {
    const at = pair.indexOf('=');
    try {
      if (at > 0)
        sources[pair.slice(0, at).trim().toLowerCase()] = {
          secret: decodeURIComponent(pair.slice(at + 1).trim()),
        };
    } catch {
      // Not shown: it is a secret.
      throw new SettingError('OTEL_EXPORTER_OTLP_HEADERS holds a "%" that begins no character; write it %25');
    }
  }
  return sources;
}
