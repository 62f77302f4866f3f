/** Records of sockets. */

import type {
  Endpoint,
  NetworkAccept,
  NetworkClose,
  NetworkConnect,
  NetworkListen,
  NetworkRaw,
  NetworkServed,
  PathBasis,
  ProcessRef,
  SensorEvent,
  SessionTag,
  UnixConnect,
} from '../event.ts';
import { endpointAt, familyAt, isVsockAt } from './address.ts';
import {
  CHANGE_FLAG,
  NETWORK_CLOSE,
  NETWORK_CONNECT,
  NETWORK_SOCKET,
  SOCKET_ACT,
  UNIX_CONNECT,
} from './generated/layout.ts';
import { type Batch, RecordOf } from './record.ts';
import { joined } from './text.ts';

const IPPROTO_TCP = 6;

interface FlowOffsets {
  readonly local: {
    readonly address: number;
    readonly port: number;
    readonly family: number;
    readonly net: number;
  };
  readonly peer: { readonly address: number; readonly port: number; readonly family: number };
  readonly protocol: number;
}

function transportOf(protocol: number): 'tcp' | 'udp' {
  return protocol === IPPROTO_TCP ? 'tcp' : 'udp';
}

abstract class Flow extends RecordOf {
  protected abstract get offsets(): FlowOffsets;

  get transport(): 'tcp' | 'udp' {
    return transportOf(this.u32(this.offsets.protocol));
  }

  get type(): 'ipv4' | 'ipv6' {
    return familyAt(this.batch, this.at, this.offsets.peer);
  }

  get local(): Endpoint {
    return endpointAt(this.batch, this.at, this.offsets.local);
  }

  get peer(): Endpoint {
    return endpointAt(this.batch, this.at, this.offsets.peer);
  }

  get namespace(): number {
    return this.u32(this.offsets.local.net);
  }
}

export class Connect extends RecordOf implements NetworkConnect {
  private get isVsock(): boolean {
    return isVsockAt(this.batch, this.at, NETWORK_CONNECT.peer);
  }

  get transport(): NetworkConnect['transport'] {
    return this.isVsock ? 'vsock' : transportOf(this.u32(NETWORK_CONNECT.protocol));
  }

  get type(): NetworkConnect['type'] {
    return this.isVsock ? undefined : familyAt(this.batch, this.at, NETWORK_CONNECT.peer);
  }

  get local(): Endpoint {
    return endpointAt(this.batch, this.at, NETWORK_CONNECT.local);
  }

  get peer(): Endpoint {
    return endpointAt(this.batch, this.at, NETWORK_CONNECT.peer);
  }

  get namespace(): number {
    return this.u32(NETWORK_CONNECT.local.net);
  }

  get kind(): 'network.connect' {
    return 'network.connect';
  }

  get errno(): number {
    return this.u32(NETWORK_CONNECT.error);
  }
}

/** NOT_COUNTED (bpf/records.h): the kernel has no place to count at. */
const NOT_COUNTED = 0xffff_ffff_ffff_ffffn;

function counted(bytes: bigint): bigint | undefined {
  return bytes === NOT_COUNTED ? undefined : bytes;
}

export class Close extends Flow implements NetworkClose {
  protected get offsets(): FlowOffsets {
    return NETWORK_CLOSE;
  }

  get kind(): 'network.close' {
    return 'network.close';
  }

  get bytesSent(): bigint | undefined {
    return counted(this.u64(NETWORK_CLOSE.sent_bytes));
  }

  get bytesReceived(): bigint | undefined {
    return counted(this.u64(NETWORK_CLOSE.received_bytes));
  }

  get durationNs(): bigint {
    return this.bootNs - this.u64(NETWORK_CLOSE.begin_ns);
  }
}

class Accept extends Flow implements NetworkAccept {
  protected get offsets(): FlowOffsets {
    return NETWORK_SOCKET;
  }

  get kind(): 'network.accept' {
    return 'network.accept';
  }
}

class Served extends Flow implements NetworkServed {
  protected get offsets(): FlowOffsets {
    return NETWORK_SOCKET;
  }

  get kind(): 'network.served' {
    return 'network.served';
  }
}

class Listen extends Flow implements NetworkListen {
  protected get offsets(): FlowOffsets {
    return NETWORK_SOCKET;
  }

  get kind(): 'network.listen' {
    return 'network.listen';
  }

  /** A listener's own address tells its family; its peer is nobody. */
  override get type(): 'ipv4' | 'ipv6' {
    return familyAt(this.batch, this.at, NETWORK_SOCKET.local);
  }
}

/** include/linux/socket.h */
const FAMILIES: { readonly [family: number]: string } = {
  2: 'inet',
  10: 'inet6',
  16: 'netlink',
  17: 'packet',
  31: 'bluetooth',
  38: 'alg',
  40: 'vsock',
  44: 'xdp',
};

/** include/linux/net.h */
const TYPES: { readonly [type: number]: string } = {
  1: 'stream',
  2: 'datagram',
  3: 'raw',
  5: 'seqpacket',
  10: 'packet',
};

class Raw extends RecordOf implements NetworkRaw {
  get kind(): 'network.raw' {
    return 'network.raw';
  }

  get errno(): number {
    return this.u32(NETWORK_SOCKET.error);
  }

  get family(): string {
    const family = this.u32(NETWORK_SOCKET.family);
    return FAMILIES[family] ?? String(family);
  }

  get type(): string {
    const type = this.u32(NETWORK_SOCKET.type);
    return TYPES[type] ?? String(type);
  }

  get protocol(): number {
    return this.u32(NETWORK_SOCKET.protocol);
  }
}

export function socketOf(batch: Batch, at: number): SensorEvent {
  const act = batch.view.getUint32(at + NETWORK_SOCKET.act, true);
  if (act === SOCKET_ACT.SOCKET_ACCEPT) return new Accept(batch, at);
  if (act === SOCKET_ACT.SOCKET_SERVED) return new Served(batch, at);
  return act === SOCKET_ACT.SOCKET_LISTEN ? new Listen(batch, at) : new Raw(batch, at);
}

export class Unix extends RecordOf implements UnixConnect {
  readonly peerSession: SessionTag;

  constructor(batch: Batch, at: number, sessionOf: (process: ProcessRef) => SessionTag) {
    super(batch, at);
    this.peerSession = this.peer ? sessionOf(this.peer) : 0;
  }

  get kind(): 'unix.connect' {
    return 'unix.connect';
  }

  get errno(): number {
    return this.u32(UNIX_CONNECT.error);
  }

  private get name(): Buffer {
    const name = this.slice(UNIX_CONNECT.sizeBytes, this.u32(UNIX_CONNECT.name_bytes));
    if (name[0] === 0) return name; // abstract: every byte of it counts
    const end = name.indexOf(0);
    return end < 0 ? name : name.subarray(0, end);
  }

  get path(): Buffer {
    const walked = this.u16(UNIX_CONNECT.path.text_bytes);
    const at = UNIX_CONNECT.sizeBytes + this.u32(UNIX_CONNECT.name_bytes);
    if (this.pathBasis === 'resolved') return this.pathAt(at, UNIX_CONNECT.path);
    if (this.name.length === 0 || this.name[0] === 0) return this.name;
    return walked === 0 && this.name[0] === 0x2f
      ? this.name
      : joined(this.pathAt(at, UNIX_CONNECT.path), this.name);
  }

  get pathBasis(): PathBasis {
    return this.u32(UNIX_CONNECT.flags) & CHANGE_FLAG.CHANGE_RESOLVED ? 'resolved' : 'claimed';
  }

  get peer(): ProcessRef | undefined {
    return this.u32(UNIX_CONNECT.peer.pid) === 0 ? undefined : this.processAt(UNIX_CONNECT.peer);
  }
}
