/**
 * Names out of what went over sockets: DNS questions with their answers, TLS ClientHellos. The bytes themselves go no
 * further than here.
 */

import type { DnsQuery, Endpoint, ProcessRef, SensorEvent, SessionTag, TlsHello } from '../event.ts';
import { type DnsMessage, type DnsQuestion, readDns, readDnsStream } from '../protocols/dns.ts';
import { ja3, ja4 } from '../protocols/fingerprint.ts';
import { ClientHelloReader } from '../protocols/tls.ts';
import { endpointAt, familyAt } from './address.ts';
import { NETWORK_PAYLOAD, PAYLOAD_USE, RECORD } from './generated/layout.ts';
import type { Batch } from './record.ts';

/** Questions without an answer yet. About 300 B each; past it the oldest is told as unanswered. */
const MAX_QUESTIONS = 4_096;
/** A stub resolver asks again after 5 s (resolv.conf(5), timeout); an answer that comes later is told by itself. */
const ANSWER_WITHIN_NS = 5_000_000_000n;
/** Connections whose first message is not whole yet, 16 KiB each at most. Past it the oldest is given up. */
const MAX_STREAMS = 1_024;
/** Bytes kept of one direction of DNS over TCP: one message is at most 64 KiB. */
const MAX_DNS_STREAM_BYTES = 65_537;

const IPPROTO_TCP = 6;

interface Told {
  readonly bootNs: bigint;
  readonly process: ProcessRef;
  readonly threadId: number;
  readonly session: SessionTag;
  readonly transport: 'tcp' | 'udp';
  readonly type: 'ipv4' | 'ipv6';
  readonly namespace: number;
  readonly local: Endpoint;
  readonly peer: Endpoint;
}

function toldOf(batch: Batch, at: number): Told {
  const { view } = batch;
  const u32 = (offset: number) => view.getUint32(at + offset, true);
  const u64 = (offset: number) => view.getBigUint64(at + offset, true);
  return {
    bootNs: u64(RECORD.boot_ns),
    process: { pid: u32(RECORD.pid), startNs: u64(RECORD.start_ns) },
    threadId: u32(RECORD.thread_id),
    session: u32(RECORD.session),
    transport: u32(NETWORK_PAYLOAD.protocol) === IPPROTO_TCP ? 'tcp' : 'udp',
    type: familyAt(batch, at, NETWORK_PAYLOAD.peer),
    namespace: batch.view.getUint32(at + NETWORK_PAYLOAD.local.net, true),
    local: endpointAt(batch, at, NETWORK_PAYLOAD.local),
    peer: endpointAt(batch, at, NETWORK_PAYLOAD.peer),
  };
}

function queryOf(told: Told, question: DnsQuestion, answer: DnsMessage | undefined): DnsQuery {
  return {
    kind: 'dns.query',
    ...told,
    question: question.name,
    questionType: question.type,
    responseCode: answer?.responseCode,
    answers: answer?.answers.flatMap(({ data }) => data ?? []) ?? [],
  };
}

/** One direction of a TCP connection, in order. A segment that was sent before is not taken again. */
interface Stream {
  next: number;
}

interface DnsStream extends Stream {
  bytes: Buffer;
}

interface HelloStream extends Stream {
  readonly reader: ClientHelloReader;
}

/** Whether the segment at `offset` continues the stream; one behind a gap ends it. */
function continues(stream: Stream, offset: number, bytes: number): 'yes' | 'again' | 'gap' {
  if (offset !== stream.next) return ((stream.next - offset) | 0) > 0 ? 'again' : 'gap';
  stream.next = (offset + bytes) >>> 0;
  return 'yes';
}

export class Payloads {
  /** By socket, id and question. */
  readonly #questions = new Map<string, { told: Told; question: DnsQuestion }>();
  readonly #dnsStreams = new Map<string, DnsStream>();
  readonly #helloStreams = new Map<string, HelloStream>();

  /** Whether a question has no answer yet. */
  get isWaiting(): boolean {
    return this.#questions.size > 0;
  }

  /** Of one struct network_payload: what it completes. */
  read(batch: Batch, at: number): SensorEvent[] {
    const { view, bytes } = batch;
    const u32 = (offset: number) => view.getUint32(at + offset, true);
    const from = at + NETWORK_PAYLOAD.sizeBytes;
    const payload = bytes.subarray(from, from + u32(NETWORK_PAYLOAD.payload_bytes));
    const socket = view.getBigUint64(at + NETWORK_PAYLOAD.socket, true);
    const told = toldOf(batch, at);
    const offset = u32(NETWORK_PAYLOAD.offset);
    if (u32(NETWORK_PAYLOAD.use) === PAYLOAD_USE.PAYLOAD_TCP_BEGIN)
      return this.#hello(told, `${socket} ${told.local.port}`, offset, payload);
    const direction = `${socket} ${u32(NETWORK_PAYLOAD.incoming)}`;
    return this.#messages(told, direction, offset, payload).flatMap((message) =>
      this.#dns(told, socket, message),
    );
  }

  /** Questions that nobody answered in time, or at all when everything is to be told. */
  unanswered(nowBootNs: bigint | 'all'): SensorEvent[] {
    const events: SensorEvent[] = [];
    for (const [key, { told, question }] of this.#questions) {
      const isLate = nowBootNs === 'all' || nowBootNs - told.bootNs > ANSWER_WITHIN_NS;
      if (!isLate && this.#questions.size <= MAX_QUESTIONS) break;
      this.#questions.delete(key);
      events.push(queryOf(told, question, undefined));
    }
    return events;
  }

  #messages(told: Told, direction: string, offset: number, payload: Buffer): DnsMessage[] {
    if (told.transport === 'udp') {
      const message = readDns(payload);
      return message ? [message] : [];
    }
    const stream = this.#dnsStreams.get(direction) ?? { next: offset, bytes: Buffer.alloc(0) };
    const isNext = continues(stream, offset, payload.length);
    if (isNext === 'again') return [];
    const { messages, usedBytes } = readDnsStream(
      isNext === 'yes' ? Buffer.concat([stream.bytes, payload]) : Buffer.alloc(0),
    );
    stream.bytes = Buffer.concat([stream.bytes, payload]).subarray(usedBytes);
    if (isNext === 'gap' || stream.bytes.length === 0 || stream.bytes.length > MAX_DNS_STREAM_BYTES)
      this.#dnsStreams.delete(direction);
    else remember(this.#dnsStreams, direction, stream);
    return messages;
  }

  #dns(told: Told, socket: bigint, message: DnsMessage): SensorEvent[] {
    const [question] = message.questions;
    if (!question) return [];
    const key = `${socket} ${message.id} ${question.type} ${question.name.toLowerCase()}`;
    if (message.kind === 'query') {
      // Of a process outside every session only the question is told (bpf/network_named.h).
      if (told.session === 0) return [queryOf(told, question, undefined)];
      this.#questions.set(key, { told, question });
      return [];
    }
    const asked = this.#questions.get(key);
    this.#questions.delete(key);
    return [queryOf({ ...told, threadId: asked?.told.threadId ?? told.threadId }, question, message)];
  }

  #hello(told: Told, key: string, offset: number, payload: Buffer): SensorEvent[] {
    const stream = this.#helloStreams.get(key) ?? { next: 0, reader: new ClientHelloReader() };
    const isNext = continues(stream, offset, payload.length);
    if (isNext === 'again') return [];
    const result = isNext === 'yes' ? stream.reader.push(payload) : undefined;
    if (result?.state === 'reading') {
      remember(this.#helloStreams, key, stream);
      return [];
    }
    this.#helloStreams.delete(key);
    if (result?.state !== 'hello') return [];
    const { hello } = result;
    const event: TlsHello = {
      kind: 'tls.hello',
      ...told,
      serverName: hello.serverName,
      encryptedHello: hello.encryptedHello === 'offered',
      protocols: hello.alpn,
      ja3: ja3(hello).hash,
      ja4: ja4(hello),
    };
    return [event];
  }
}

function remember<T>(streams: Map<string, T>, key: string, stream: T): void {
  streams.set(key, stream);
  if (streams.size <= MAX_STREAMS) return;
  const [oldest] = streams.keys();
  if (oldest !== undefined) streams.delete(oldest);
}
