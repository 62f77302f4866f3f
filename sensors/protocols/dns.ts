/**
 * DNS messages: what was asked, and what was answered.
 *
 * Nothing here throws for what the bytes are: they come from programs under watch and from the network. Time is
 * linear in the bytes given times MAX_NAME_JUMPS; memory is bounded by the limits below.
 *
 * Sources: RFC 1035 sections 3.1 (names), 4.1 (format), 4.1.4 (compression), 4.2.2 (over TCP); RFC 3596 (AAAA);
 * RFC 2782 (SRV); RFC 9460 (SVCB, HTTPS); RFC 6891 section 6.1.3 (extended rcode).
 */

/** A real query asks one question. Past the limit the message is `cut`. */
const MAX_QUESTIONS = 4;
/** A hundred answers are rare even for content networks. Past the limit the message is `cut`. */
const MAX_ANSWERS = 128;
/** RFC 1035 section 2.3.4: a name has at most 255 bytes, so at most 127 labels; jumps only ever lead back. */
const MAX_NAME_BYTES = 255;
const MAX_NAME_JUMPS = 127;

const HEADER_BYTES = 12;

const TYPES = new Map([
  [1, 'A'],
  [2, 'NS'],
  [5, 'CNAME'],
  [6, 'SOA'],
  [12, 'PTR'],
  [13, 'HINFO'],
  [15, 'MX'],
  [16, 'TXT'],
  [28, 'AAAA'],
  [33, 'SRV'],
  [35, 'NAPTR'],
  [39, 'DNAME'],
  [41, 'OPT'],
  [43, 'DS'],
  [46, 'RRSIG'],
  [48, 'DNSKEY'],
  [52, 'TLSA'],
  [64, 'SVCB'],
  [65, 'HTTPS'],
  [252, 'AXFR'],
  [255, 'ANY'],
  [257, 'CAA'],
]);

const RESPONSE_CODES = new Map([
  [0, 'NOERROR'],
  [1, 'FORMERR'],
  [2, 'SERVFAIL'],
  [3, 'NXDOMAIN'],
  [4, 'NOTIMP'],
  [5, 'REFUSED'],
  [6, 'YXDOMAIN'],
  [7, 'YXRRSET'],
  [8, 'NXRRSET'],
  [9, 'NOTAUTH'],
  [10, 'NOTZONE'],
]);

export interface DnsQuestion {
  /** Without the last dot; the root is ".". Bytes that are no printable ASCII are \DDD (RFC 1035 section 5.1). */
  readonly name: string;
  /** Such as AAAA; TYPE65280 where it has no name (RFC 3597 section 5). */
  readonly type: string;
}

export interface DnsAnswer {
  readonly name: string;
  readonly type: string;
  readonly timeToLiveSeconds: number;
  /** Address or name that the record points to. Undefined for other types: their content is not ours to keep. */
  readonly data: string | undefined;
  /** Size of the record's content: a tunnel shows in it. */
  readonly dataBytes: number;
}

export interface DnsMessage {
  readonly id: number;
  readonly kind: 'query' | 'response';
  /** 0 is a standard query (RFC 1035 section 4.1.1). */
  readonly opcode: number;
  /** Such as NXDOMAIN; RCODE23 where it has no name. NOERROR in a query. */
  readonly responseCode: string;
  /** The sender cut it to fit (TC): the asker will try again over TCP. */
  readonly truncated: boolean;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsAnswer[];
  /** The bytes end early, contradict themselves or exceed a limit: what was read until then is given. */
  readonly cut: boolean;
}

/** Reads one message, as a datagram holds it. Undefined when there is not even a header. */
export function readDns(bytes: Uint8Array): DnsMessage | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = message.readUInt16BE(2);
  const reader = new Reader(message);
  const questions = reader.questions(message.readUInt16BE(4));
  const answers = reader.answers(message.readUInt16BE(6));
  return {
    id: message.readUInt16BE(0),
    kind: flags & 0x8000 ? 'response' : 'query',
    opcode: (flags >> 11) & 0xf,
    responseCode: RESPONSE_CODES.get(flags & 0xf) ?? `RCODE${flags & 0xf}`,
    truncated: (flags & 0x0200) !== 0,
    questions,
    answers,
    cut: reader.cut,
  };
}

/**
 * Reads the messages of a TCP connection's bytes so far (RFC 1035 section 4.2.2: two bytes of length before each).
 * `usedBytes` is where the first message begins that is not whole yet.
 */
export function readDnsStream(bytes: Uint8Array): {
  readonly messages: DnsMessage[];
  readonly usedBytes: number;
} {
  const messages: DnsMessage[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const end = at + 2 + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
    if (end > bytes.length) break;
    const message = readDns(bytes.subarray(at + 2, end));
    if (message) messages.push(message);
    at = end;
  }
  return { messages, usedBytes: at };
}

class Reader {
  /** Set once, by whatever ended the reading early. */
  cut = false;
  readonly #message: Buffer;
  #at = HEADER_BYTES;

  constructor(message: Buffer) {
    this.#message = message;
  }

  questions(count: number): DnsQuestion[] {
    const questions: DnsQuestion[] = [];
    for (let i = 0; i < count && !this.cut; i++) {
      if (i === MAX_QUESTIONS) this.cut = true;
      const name = this.#name();
      const at = this.#take(4); // type and class
      if (name === undefined || at === undefined || this.cut) break;
      questions.push({ name, type: typeName(this.#message.readUInt16BE(at)) });
    }
    return questions;
  }

  answers(count: number): DnsAnswer[] {
    const answers: DnsAnswer[] = [];
    for (let i = 0; i < count && !this.cut; i++) {
      if (i === MAX_ANSWERS) this.cut = true;
      const name = this.#name();
      const at = this.#take(10); // type, class, time to live, length
      if (name === undefined || at === undefined || this.cut) break;
      const type = this.#message.readUInt16BE(at);
      const dataBytes = this.#message.readUInt16BE(at + 8);
      const data = this.#take(dataBytes);
      if (data === undefined) break;
      answers.push({
        name,
        type: typeName(type),
        // RFC 2181 section 8: 31 bits; with the highest bit set it is to be read as 0.
        timeToLiveSeconds: Math.max(0, this.#message.readInt32BE(at + 4)),
        data: this.#pointsTo(type, data, dataBytes),
        dataBytes,
      });
    }
    return answers;
  }

  #pointsTo(type: number, at: number, length: number): string | undefined {
    switch (TYPES.get(type)) {
      case 'A':
        return length === 4 ? this.#message.subarray(at, at + 4).join('.') : undefined;
      case 'AAAA':
        return length === 16 ? addressV6(this.#message.subarray(at, at + 16)) : undefined;
      case 'CNAME':
      case 'DNAME':
      case 'NS':
      case 'PTR':
        return this.#nameAt(at, at + length)?.name;
      case 'MX': // preference before the name
        return this.#nameAt(at + 2, at + length)?.name;
      case 'SRV': // priority, weight and port before the name
        return this.#nameAt(at + 6, at + length)?.name;
      case 'SVCB':
      case 'HTTPS': // priority before the name
        return this.#nameAt(at + 2, at + length)?.name;
      default:
        return undefined;
    }
  }

  #take(count: number): number | undefined {
    const at = this.#at;
    if (at + count > this.#message.length) {
      this.cut = true;
      return undefined;
    }
    this.#at += count;
    return at;
  }

  #name(): string | undefined {
    const read = this.#nameAt(this.#at, this.#message.length);
    if (read) this.#at = read.end;
    else this.cut = true;
    return read?.name;
  }

  /**
   * A name that begins at `at` and whose own bytes end before `limit`; `end` is what follows it in place.
   * A pointer must lead to before where the name began, and each further one before that (RFC 1035 section 4.1.4:
   * "a prior occurrence"), so that no chain of them comes round.
   */
  #nameAt(at: number, limit: number): { name: string; end: number } | undefined {
    const message = this.#message;
    let name = '';
    let bytes = 0;
    let end: number | undefined;
    let lowest = at;
    for (let jumps = 0; ; ) {
      if (at >= limit) return undefined;
      const length = message.readUInt8(at);
      if (length === 0) return { name: name || '.', end: end ?? at + 1 };
      if (length >= 0xc0) {
        if (at + 2 > limit) return undefined;
        const target = message.readUInt16BE(at) & 0x3fff;
        end ??= at + 2;
        if (target >= lowest || target < HEADER_BYTES || ++jumps > MAX_NAME_JUMPS) return undefined;
        limit = message.length;
        lowest = target;
        at = target;
        continue;
      }
      bytes += length + 1;
      // 0x40 and 0x80 are no lengths: extended labels that nobody came to use (RFC 6891 section 5).
      if (length > 63 || bytes >= MAX_NAME_BYTES || at + 1 + length > limit) return undefined;
      name += (name ? '.' : '') + label(message.subarray(at + 1, at + 1 + length));
      at += 1 + length;
    }
  }
}

function label(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes) {
    if (byte === 0x2e || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else if (byte > 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\${String(byte).padStart(3, '0')}`;
  }
  return text;
}

function typeName(type: number): string {
  return TYPES.get(type) ?? `TYPE${type}`;
}

/** RFC 5952: the longest run of zero groups is "::", the first one of several as long, and never of one group. */
function addressV6(bytes: Buffer): string {
  // RFC 5952 section 5: an IPv4 address in IPv6 form keeps its dots.
  if (bytes.readBigUInt64BE(0) === 0n && bytes.readUInt32BE(8) === 0xffff) {
    return `::ffff:${bytes.subarray(12).join('.')}`;
  }
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2));
  let best = { from: 0, length: 1 };
  for (let from = 0; from < 8; from++) {
    let length = 0;
    while (from + length < 8 && groups[from + length] === 0) length++;
    if (length > best.length) best = { from, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.length === 1) return hex.join(':');
  return `${hex.slice(0, best.from).join(':')}::${hex.slice(best.from + best.length).join(':')}`;
}
