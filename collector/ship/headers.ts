import { SettingError, WatchedFile } from './watched-file.ts';

/** Where the value of a header comes from. */
export type HeaderSource =
  | { readonly file: string; readonly prefix?: string }
  | { readonly environment: string; readonly prefix?: string }
  /** Given by whoever starts the process, in its environment. */
  | { readonly secret: string; readonly prefix?: string }
  /** Written in the configuration: for what is no secret, such as a tenant. */
  | { readonly value: string; readonly prefix?: string };

export type HeaderSources = Readonly<Record<string, HeaderSource>>;

/** Set by the transport; another value would break the request. */
const RESERVED =
  /^(connection|content-(encoding|length|type)|expect|host|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|user-agent|grpc-.*|.*-bin)$/;
/** RFC 9110, token; gRPC wants lower case. */
const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** RFC 9110 field values, without the obsolete bytes past 0x7e. */
const VALUE = /^[\x20-\x7e\t]+$/;
/** Shorter values (a tenant "a") say nothing, and masking them would garble what is told. */
const SHORTEST_MASKED = 4;
/** Values remembered for masking: a dozen rotations. The oldest is forgotten first. */
const MAX_MASKED = 64;

/** Why a header of this name cannot be sent; undefined when it can. */
export function headerNameFault(name: string): string | undefined {
  if (!NAME.test(name)) return `"${name}" is no header name; write lower-case letters, digits and "-"`;
  if (RESERVED.test(name)) return `"${name}" is set by the transport itself; take it out`;
  return undefined;
}

/** Whether a source holds what nobody may read on the way. */
export function isSecret(source: HeaderSource): boolean {
  return !('value' in source);
}

/**
 * The headers of one destination. Files are read again when they change; the environment is read once.
 * Values never leave this object but to the transport: `mask` takes them out of what is told of a receiver's answer.
 */
export class Headers {
  readonly #readers: readonly (readonly [name: string, read: () => string])[];
  /** Every value that was sent or could have been: a receiver may still tell of the one before. */
  readonly #told = new Set<string>();

  constructor(sources: HeaderSources, environment: NodeJS.ProcessEnv = process.env) {
    this.#readers = Object.entries(sources).map(([name, source]) => [
      name,
      reader(name, source, environment),
    ]);
  }

  /** @throws SettingError naming the header and its source, never the value */
  current(): Readonly<Record<string, string>> {
    const headers: Record<string, string> = {};
    for (const [name, read] of this.#readers) {
      headers[name] = read();
      this.#remember(headers[name]);
    }
    return headers;
  }

  /** `text` without any value of these headers. */
  mask(text: string): string {
    let masked = text;
    for (const value of this.#told) masked = masked.replaceAll(value, '[masked]');
    return masked;
  }

  #remember(value: string): void {
    if (this.#told.has(value)) return;
    // The token too, without the word before it: answers quote one or the other.
    for (const part of [value, ...value.split(/\s+/)])
      if (part.length >= SHORTEST_MASKED && !/^(bearer|basic|token|apikey)$/i.test(part))
        this.#told.add(part);
    for (const oldest of [...this.#told].slice(0, Math.max(0, this.#told.size - MAX_MASKED)))
      this.#told.delete(oldest);
  }
}

function reader(name: string, source: HeaderSource, environment: NodeJS.ProcessEnv): () => string {
  const prefix = source.prefix ?? '';
  if ('value' in source) return () => checked(prefix + source.value, name, 'its value');
  if ('secret' in source) return () => checked(prefix + source.secret, name, 'its value');
  if ('environment' in source) {
    const value = environment[source.environment];
    return () => {
      if (value === undefined || value === '')
        throw new SettingError(`header ${name}: the environment has no ${source.environment}; set it`);
      return checked(prefix + value, name, `the variable ${source.environment}`);
    };
  }
  const file = new WatchedFile(source.file, 'secret');
  return () => {
    const content = file.read().trim();
    if (content === '')
      throw new SettingError(`header ${name}: ${source.file} is empty; write the value into it`);
    return checked(prefix + content, name, source.file);
  };
}

function checked(value: string, name: string, where: string): string {
  if (!VALUE.test(value))
    throw new SettingError(`header ${name}: ${where} holds more than one line of printable ASCII; mend it`);
  return value;
}
