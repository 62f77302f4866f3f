/** Addresses as text. */

import type { Endpoint } from '../event.ts';
import type { Batch } from './record.ts';

const AF_INET6 = 10;
const AF_VSOCK = 40;

interface AddressOffsets {
  readonly address: number;
  readonly port: number;
  readonly family: number;
}

/** The struct network_address at `offset` of the record at `at`. */
export function endpointAt(batch: Batch, at: number, offset: AddressOffsets): Endpoint {
  if (isVsockAt(batch, at, offset)) {
    // Two numbers of the machine's own byte order: the context (a machine) and the port, of 32 bits each.
    const [context, port] = [0, 4].map((part) => batch.view.getUint32(at + offset.address + part, true));
    return { address: String(context), port: port ?? 0 };
  }
  const port = batch.view.getUint16(at + offset.port, false);
  const address = batch.bytes.subarray(at + offset.address, at + offset.address + 16);
  if (batch.view.getUint16(at + offset.family, true) !== AF_INET6)
    return { address: ipv4Text(address.subarray(0, 4)), port };
  return { address: isMapped(address) ? ipv4Text(address.subarray(12)) : ipv6Text(address), port };
}

export function isVsockAt(batch: Batch, at: number, offset: AddressOffsets): boolean {
  return batch.view.getUint16(at + offset.family, true) === AF_VSOCK;
}

/** An IPv6 socket that talks IPv4 (RFC 4291, 2.5.5.2: mapped addresses) is on an IPv4 network. */
export function familyAt(batch: Batch, at: number, offset: AddressOffsets): 'ipv4' | 'ipv6' {
  const address = batch.bytes.subarray(at + offset.address, at + offset.address + 16);
  return batch.view.getUint16(at + offset.family, true) === AF_INET6 && !isMapped(address) ? 'ipv6' : 'ipv4';
}

function isMapped(address: Buffer): boolean {
  return (
    address.readBigUInt64BE(0) === 0n && address.readUInt16BE(8) === 0 && address.readUInt16BE(10) === 0xffff
  );
}

export function ipv4Text(address: Buffer): string {
  return address.join('.');
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as "::", the first of equals. */
export function ipv6Text(address: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => address.readUInt16BE(2 * index));
  let begin = 0;
  let length = 0;
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && groups[to] === 0) to++;
    if (to - from > length) [begin, length] = [from, to - from];
    if (to > from) from = to;
  }
  const text = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, begin))}::${text(groups.slice(begin + length))}`;
}
