/** The part `ship` of the configuration: receivers as they are written, and as the shipper takes them. */

import type { YamlFile, YamlPath } from '../recognise/checked-yaml.ts';
import { type DestinationSettings, destinationFaults } from '../ship/destination.ts';
import type { Protocol } from '../ship/endpoint.ts';
import { type HeaderSource, Headers } from '../ship/headers.ts';
import { positionPath } from '../ship/position.ts';
import { hostId } from '../ship/resource.ts';
import { Tls } from '../ship/tls.ts';
import { SettingError } from '../ship/watched-file.ts';

export interface WrittenDestination {
  readonly endpoint: string;
  readonly protocol?: Protocol;
  readonly compression: 'none' | 'gzip';
  readonly timeout: `${number} s`;
  readonly tls?: {
    readonly ca?: string;
    readonly certificate?: string;
    readonly key?: string;
    readonly server_name?: string;
  };
  readonly headers?: Readonly<Record<string, WrittenHeader>>;
}

interface WrittenHeader {
  readonly file?: string;
  readonly environment?: string;
  readonly value?: string;
  readonly prefix?: string;
}

export function destinationOf(written: WrittenDestination): DestinationSettings {
  const { endpoint, protocol, compression, timeout, tls, headers = {} } = written;
  return {
    url: endpoint,
    protocol,
    compression,
    timeoutMs: Number.parseInt(timeout, 10) * 1_000,
    tls: tls && { ca: tls.ca, certificate: tls.certificate, key: tls.key, serverName: tls.server_name },
    headers: Object.fromEntries(
      Object.entries(headers).flatMap(([name, source]) => {
        const from = headerSource(source);
        return from ? [[name, from]] : [];
      }),
    ),
  };
}

/** Undefined where a header has no source, or more than one. */
function headerSource({ file, environment, value, prefix }: WrittenHeader): HeaderSource | undefined {
  const sources = [
    ...(file === undefined ? [] : [{ file }]),
    ...(environment === undefined ? [] : [{ environment }]),
    ...(value === undefined ? [] : [{ value }]),
  ];
  const [source] = sources;
  return sources.length === 1 && source
    ? { ...source, ...(prefix === undefined ? {} : { prefix }) }
    : undefined;
}

/** Every mistake that the schema cannot tell. */
export function shipFaults(
  file: YamlFile,
  ship: readonly (readonly [number, WrittenDestination])[],
): string[] {
  const problems: string[] = [];
  const say = (path: YamlPath, place: 'key' | 'value', text: string): void => {
    problems.push(file.problemAt(path, place, `${path.join('.')}: ${text}`));
  };
  const seen = new Set<string>();
  for (const [index, written] of ship) {
    for (const [name, source] of Object.entries(written.headers ?? {}))
      if (!headerSource(source))
        say(
          ['ship', index, 'headers', name],
          'key',
          'needs one source; write one of file, environment, value',
        );
    for (const { path, place, text } of destinationFaults(destinationOf(written)))
      say(['ship', index, ...path], place, text);
    // Two senders with one position file would each believe the other's deliveries to be their own.
    const position = positionPath('', written.endpoint);
    if (seen.has(position))
      say(['ship', index, 'endpoint'], 'value', `"${written.endpoint}" is listed twice; take one line out`);
    seen.add(position);
  }
  return problems;
}

/**
 * Files of the receivers' settings that cannot be used now. The service starts all the same, ships when they can be,
 * and says so; whoever checks the configuration wants to know before.
 */
export function shipFileFaults(ship: readonly DestinationSettings[]): string[] {
  return ship.flatMap(({ url, tls = {}, headers = {} }) => {
    // Variables are those of the service, not of whoever checks.
    const fromFiles = Object.fromEntries(Object.entries(headers).filter(([, source]) => 'file' in source));
    return [() => new Headers(fromFiles).current(), () => new Tls(tls, hostId()).current()].flatMap(
      (read) => {
        try {
          read();
          return [];
        } catch (error) {
          if (error instanceof SettingError) return [`receiver ${url}: ${error.message}`];
          throw error;
        }
      },
    );
  });
}
