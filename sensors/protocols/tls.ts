/**
 * The ClientHello of a TLS connection, from the first bytes that the client sends: the name it asks for, the
 * protocols it offers, and what it takes to recognise the client program (fingerprint.ts).
 *
 * Nothing here throws for what the bytes are: they come from programs under watch. Time is linear in the bytes
 * given, however they are cut into segments; memory is bounded by MAX_HELLO_BYTES a reader.
 *
 * Sources: RFC 8446 (TLS 1.3) sections 4.1.2, 4.2 and 5.1; RFC 6066 section 3 (server name); RFC 7301 section 3.1
 * (ALPN); RFC 8701 (GREASE); RFC 9849 (encrypted ClientHello).
 */

/** A ClientHello with a post-quantum key share is about 1,800 B. One that says it is longer is given up: `too_large`. */
export const MAX_HELLO_BYTES = 16 * 1024;

/** RFC 8446 section 5.1: a plaintext record holds at most 2^14 bytes. */
const MAX_RECORD_BYTES = 1 << 14;
const RECORD_HEADER_BYTES = 5;
const HANDSHAKE_HEADER_BYTES = 4;
const RECORD_HANDSHAKE = 22;
const HANDSHAKE_CLIENT_HELLO = 1;

const EXTENSION_SERVER_NAME = 0x0000;
const EXTENSION_SUPPORTED_GROUPS = 0x000a;
const EXTENSION_EC_POINT_FORMATS = 0x000b;
const EXTENSION_SIGNATURE_ALGORITHMS = 0x000d;
const EXTENSION_ALPN = 0x0010;
const EXTENSION_SUPPORTED_VERSIONS = 0x002b;
const EXTENSION_ENCRYPTED_CLIENT_HELLO = 0xfe0d;

/** Lists are in the order sent, GREASE values included: what to leave out is each fingerprint's own business. */
export interface ClientHello {
  /** legacy_version, such as 0x0303. TLS 1.3 clients say 0x0303 too and offer more in `supportedVersions`. */
  readonly legacyVersion: number;
  readonly supportedVersions: readonly number[];
  readonly cipherSuites: readonly number[];
  /** Types only. */
  readonly extensions: readonly number[];
  readonly supportedGroups: readonly number[];
  readonly pointFormats: readonly number[];
  readonly signatureAlgorithms: readonly number[];
  /** Names of protocols are bytes; shown as Latin-1. */
  readonly alpn: readonly string[];
  /** The host name asked for, in the clear; undefined when the client sent none. */
  readonly serverName: string | undefined;
  /**
   * Whether an encrypted ClientHello came along. Then `serverName` may be only the front's name: the true one is
   * inside, and a client without a configuration sends random bytes of the same shape (RFC 9849 section 6.2), which
   * nobody on the way can tell apart.
   */
  readonly encryptedHello: 'offered' | 'absent';
}

/**
 * reading: what came so far begins a ClientHello. hello: it is whole. not_tls: the bytes are something else.
 * malformed: it says it is a ClientHello and contradicts itself. too_large: longer than MAX_HELLO_BYTES.
 * All but `reading` are final.
 */
export type HelloState =
  | { readonly state: 'reading' }
  | { readonly state: 'hello'; readonly hello: ClientHello }
  | { readonly state: 'not_tls' | 'malformed' | 'too_large' };

const READING: HelloState = { state: 'reading' };

/** Reads one connection's client side, segment by segment, in order. */
export class ClientHelloReader {
  #result: HelloState = READING;
  /** Header of the record that is being read; its length counts in #headerBytes. */
  readonly #header = new Uint8Array(RECORD_HEADER_BYTES);
  #headerBytes = 0;
  #recordLeft = 0;
  /** The handshake message, records taken off: a ClientHello may be spread over several (RFC 8446 section 5.1). */
  #message = new Uint8Array(512);
  #messageBytes = 0;

  /** Takes the next bytes; what follows the ClientHello is left alone. */
  push(segment: Uint8Array): HelloState {
    let at = 0;
    while (at < segment.length && this.#result.state === 'reading') {
      at = this.#recordLeft > 0 ? this.#takeContent(segment, at) : this.#takeHeader(segment, at);
    }
    return this.#result;
  }

  #takeHeader(segment: Uint8Array, from: number): number {
    const until = Math.min(segment.length, from + RECORD_HEADER_BYTES - this.#headerBytes);
    this.#header.set(segment.subarray(from, until), this.#headerBytes);
    this.#headerBytes += until - from;
    const [type, major] = this.#header;
    // Said as soon as it is known: a server that speaks first would else be waited for without end.
    if (type !== RECORD_HANDSHAKE || (this.#headerBytes > 1 && major !== 3)) {
      this.#result = { state: 'not_tls' };
    } else if (this.#headerBytes === RECORD_HEADER_BYTES) {
      this.#recordLeft = uint16(this.#header, 3);
      this.#headerBytes = 0;
      // RFC 8446 section 5.1: handshake records are never empty.
      if (this.#recordLeft === 0 || this.#recordLeft > MAX_RECORD_BYTES)
        this.#result = { state: 'malformed' };
    }
    return until;
  }

  #takeContent(segment: Uint8Array, from: number): number {
    const until = Math.min(segment.length, from + this.#recordLeft);
    this.#append(segment.subarray(from, until));
    this.#recordLeft -= until - from;
    if (this.#messageBytes >= 1 && this.#message[0] !== HANDSHAKE_CLIENT_HELLO) {
      this.#result = { state: 'not_tls' };
    } else if (this.#messageBytes >= HANDSHAKE_HEADER_BYTES) {
      const length = uint24(this.#message, 1);
      if (length > MAX_HELLO_BYTES) this.#result = { state: 'too_large' };
      else if (this.#messageBytes - HANDSHAKE_HEADER_BYTES >= length) this.#finish(length);
    }
    return until;
  }

  #append(bytes: Uint8Array): void {
    const room = HANDSHAKE_HEADER_BYTES + MAX_HELLO_BYTES - this.#messageBytes;
    const taken = bytes.subarray(0, room);
    const needed = this.#messageBytes + taken.length;
    if (needed > this.#message.length) {
      const grown = new Uint8Array(Math.min(Math.max(needed, this.#message.length * 2), MAX_HELLO_BYTES + 4));
      grown.set(this.#message.subarray(0, this.#messageBytes));
      this.#message = grown;
    }
    this.#message.set(taken, this.#messageBytes);
    this.#messageBytes = needed;
  }

  #finish(length: number): void {
    const hello = parseClientHello(
      this.#message.subarray(HANDSHAKE_HEADER_BYTES, HANDSHAKE_HEADER_BYTES + length),
    );
    this.#result = hello ? { state: 'hello', hello } : { state: 'malformed' };
    this.#message = new Uint8Array(0);
  }
}

/** Reads the body of a ClientHello (RFC 8446 section 4.1.2); undefined when its lengths contradict each other. */
function parseClientHello(body: Uint8Array): ClientHello | undefined {
  const input = new Input(body);
  const legacyVersion = input.uint16();
  input.skip(32); // random
  input.block8(); // session id
  const cipherSuites = input.block16()?.uint16s();
  input.block8(); // compression methods
  if (input.failed || !cipherSuites) return undefined;

  const hello = {
    legacyVersion,
    cipherSuites,
    extensions: [] as number[],
    supportedVersions: [] as readonly number[],
    supportedGroups: [] as readonly number[],
    pointFormats: [] as readonly number[],
    signatureAlgorithms: [] as readonly number[],
    alpn: [] as readonly string[],
    serverName: undefined as string | undefined,
    encryptedHello: 'absent' as 'offered' | 'absent',
  };
  // TLS 1.2 and before may end here, without extensions (RFC 5246 section 7.4.1.2).
  if (input.left === 0) return hello;
  const extensions = input.block16();
  if (!extensions || input.left > 0) return undefined;

  while (extensions.left > 0) {
    const type = extensions.uint16();
    const data = extensions.block16();
    if (!data) return undefined;
    hello.extensions.push(type);
    // Inside an extension, what contradicts itself reads as empty: the rest of the hello is still evidence.
    if (type === EXTENSION_SERVER_NAME) hello.serverName ??= hostNameOf(data);
    else if (type === EXTENSION_SUPPORTED_GROUPS) hello.supportedGroups = data.block16()?.uint16s() ?? [];
    else if (type === EXTENSION_EC_POINT_FORMATS) hello.pointFormats = data.block8()?.uint8s() ?? [];
    else if (type === EXTENSION_SIGNATURE_ALGORITHMS)
      hello.signatureAlgorithms = data.block16()?.uint16s() ?? [];
    else if (type === EXTENSION_SUPPORTED_VERSIONS) hello.supportedVersions = data.block8()?.uint16s() ?? [];
    else if (type === EXTENSION_ALPN) hello.alpn = protocolsOf(data);
    else if (type === EXTENSION_ENCRYPTED_CLIENT_HELLO) hello.encryptedHello = 'offered';
  }
  return hello;
}

/** RFC 6066 section 3: a list with at most one name of type host_name (0). */
function hostNameOf(data: Input): string | undefined {
  const list = data.block16();
  while (list && list.left > 0) {
    const type = list.uint8();
    const name = list.block16();
    if (name && type === 0) return name.latin1();
    if (list.failed) return undefined;
  }
  return undefined;
}

/** RFC 7301 section 3.1. */
function protocolsOf(data: Input): string[] {
  const list = data.block16();
  const protocols: string[] = [];
  while (list && list.left > 0) {
    const name = list.block8();
    if (!name) break;
    protocols.push(name.latin1());
  }
  return protocols;
}

/** Reads forward through bytes. Past the end it gives zeros and has `failed`, once and for all. */
class Input {
  failed = false;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.failed ? 0 : this.#bytes.length - this.#at;
  }

  skip(count: number): void {
    this.#take(count);
  }

  uint8(): number {
    const at = this.#take(1);
    return at === undefined ? 0 : (this.#bytes[at] ?? 0);
  }

  uint16(): number {
    const at = this.#take(2);
    return at === undefined ? 0 : uint16(this.#bytes, at);
  }

  /** A block with its length before it in one byte; undefined when it is cut. */
  block8(): Input | undefined {
    return this.#block(this.uint8());
  }

  /** The same with two bytes. */
  block16(): Input | undefined {
    return this.#block(this.uint16());
  }

  /** All that is left. */
  uint8s(): number[] {
    return [...this.#bytes.subarray(this.#at)];
  }

  /** All that is left, by twos; a last odd byte is left out. */
  uint16s(): number[] {
    const values: number[] = [];
    while (this.left >= 2) values.push(this.uint16());
    return values;
  }

  /** All that is left, a character each byte. */
  latin1(): string {
    return Buffer.from(this.#bytes.subarray(this.#at)).toString('latin1');
  }

  #block(length: number): Input | undefined {
    const at = this.#take(length);
    return at === undefined ? undefined : new Input(this.#bytes.subarray(at, at + length));
  }

  #take(count: number): number | undefined {
    const at = this.#at;
    if (this.failed || at + count > this.#bytes.length) {
      this.failed = true;
      return undefined;
    }
    this.#at += count;
    return at;
  }
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function uint24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | uint16(bytes, at + 1);
}
