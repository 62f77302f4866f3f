/** Networks: is an address within `10.0.0.0/8` or `fd00::/8`? */

import ipaddr from 'ipaddr.js';

/** The longest text an IPv6 address with a zone can have is well below this; longer ones are no address. */
const MAX_ADDRESS_CHARS = 64;

/**
 * @param network as the rule reader checked it: address/prefix with no bits after the prefix
 * @returns whether a text is an address within; false for what is no address. An IPv4 address written as IPv6
 *   (::ffff:10.0.0.1) counts as the IPv4 address it is.
 */
export function compileNetwork(network: string): (text: string) => boolean {
  const [base, prefix] = ipaddr.parseCIDR(network);
  if (base.kind() === 'ipv4') {
    const mask = prefix === 0 ? 0 : (-1 << (32 - prefix)) >>> 0;
    const wanted = (ipv4Number(base.toString()) ?? 0) & mask;
    return (text) => {
      if (text.length > MAX_ADDRESS_CHARS) return false;
      const number = ipv4Number(text.includes(':') ? mapped(text) : text);
      return number !== undefined && (number & mask) === wanted;
    };
  }
  return (text) => {
    if (text.length > MAX_ADDRESS_CHARS || !text.includes(':')) return false;
    const bare = text.split('%', 1)[0] ?? '';
    return ipaddr.IPv6.isValid(bare) && ipaddr.IPv6.parse(bare).match(base as ipaddr.IPv6, prefix);
  };
}

function mapped(text: string): string {
  const bare = text.split('%', 1)[0] ?? '';
  if (!ipaddr.IPv6.isValid(bare)) return '';
  const address = ipaddr.IPv6.parse(bare);
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : '';
}

/** Four decimal parts; nothing else is taken for an address, since 010.0.0.1 means two things to two programs. */
function ipv4Number(text: string): number | undefined {
  if (text.length < 7 || text.length > 15) return undefined;
  let number = 0;
  let part = -1;
  let parts = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 46) {
      if (part < 0) return undefined;
      number = number * 256 + part;
      parts += 1;
      part = -1;
    } else if (code >= 48 && code <= 57 && part !== 0) {
      part = Math.max(part, 0) * 10 + (code - 48);
      if (part > 255) return undefined;
    } else return undefined;
  }
  if (parts !== 3 || part < 0) return undefined;
  return (number * 256 + part) | 0;
}
