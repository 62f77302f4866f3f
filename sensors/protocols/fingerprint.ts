/**
 * Names for the program behind a ClientHello: JA3 and JA4. Both say "the same TLS library with the same settings",
 * never "the same program"; a client can imitate another's.
 *
 * JA3 (2017): MD5 over the fields in the order sent. Browsers shuffle extensions since 2023, so it names them anew on
 * each connection; it is here for the old lists that are keyed by it.
 * JA4 (2023): SHA-256 over sorted fields, with a readable head. Both leave GREASE out (RFC 8701 section 2).
 */

import { createHash } from 'node:crypto';
import type { ClientHello } from './tls.ts';

const EXTENSION_SERVER_NAME = 0x0000;
const EXTENSION_ALPN = 0x0010;

/** JA4 gives counts two digits. */
const MAX_COUNT = 99;
const HASH_CHARACTERS = 12;
const NO_VALUES = '000000000000';

const VERSION_NAMES = new Map([
  [0x0304, '13'],
  [0x0303, '12'],
  [0x0302, '11'],
  [0x0301, '10'],
  [0x0300, 's3'],
  [0x0002, 's2'],
]);

/** JA3: the text that is hashed, and its MD5 in hexadecimal. */
export function ja3(hello: ClientHello): { readonly text: string; readonly hash: string } {
  const lists = [hello.cipherSuites, hello.extensions, hello.supportedGroups].map((list) =>
    list.filter(isNotGrease).join('-'),
  );
  const text = [hello.legacyVersion, ...lists, hello.pointFormats.join('-')].join(',');
  return { text, hash: createHash('md5').update(text, 'latin1').digest('hex') };
}

/** JA4 of a hello that came over TCP, such as t13d1516h2_8daaf6152771_e5627efa2ab1. */
export function ja4(hello: ClientHello): string {
  const ciphers = hello.cipherSuites.filter(isNotGrease);
  const extensions = hello.extensions.filter(isNotGrease);
  const head = [
    't',
    VERSION_NAMES.get(versionOf(hello)) ?? '00',
    // By the extension, not by the name in it: a hello that carries an empty one counts as "to a domain".
    hello.extensions.includes(EXTENSION_SERVER_NAME) ? 'd' : 'i',
    countOf(ciphers),
    countOf(extensions),
    endsOf(hello.alpn[0] ?? ''),
  ].join('');
  return `${head}_${hashOfCiphers(ciphers)}_${hashOfExtensions(extensions, hello.signatureAlgorithms)}`;
}

/** The highest version offered: of the extension where there is one, else the hello's own. */
function versionOf(hello: ClientHello): number {
  const offered = hello.supportedVersions.filter(isNotGrease);
  return offered.length > 0 ? Math.max(...offered) : hello.legacyVersion;
}

function hashOfCiphers(ciphers: readonly number[]): string {
  return ciphers.length === 0 ? NO_VALUES : shortHash(sortedHex(ciphers));
}

function hashOfExtensions(extensions: readonly number[], signatureAlgorithms: readonly number[]): string {
  const counted = extensions.filter((type) => type !== EXTENSION_SERVER_NAME && type !== EXTENSION_ALPN);
  if (counted.length === 0) return NO_VALUES;
  const algorithms = signatureAlgorithms.filter(isNotGrease).map(hex).join(',');
  return shortHash(algorithms ? `${sortedHex(counted)}_${algorithms}` : sortedHex(counted));
}

/** First and last character of the first protocol; of its hexadecimal form when either is no letter and no digit. */
function endsOf(protocol: string): string {
  if (protocol === '') return '00';
  const first = protocol.charAt(0);
  const last = protocol.charAt(protocol.length - 1);
  if (/^[0-9A-Za-z]{2}$/.test(first + last)) return first + last;
  const digits = Buffer.from(protocol, 'latin1').toString('hex');
  return digits.charAt(0) + digits.charAt(digits.length - 1);
}

/** RFC 8701 section 2: both bytes alike, each with a low half of 0xA. */
function isNotGrease(value: number): boolean {
  return (value & 0x0f0f) !== 0x0a0a || value >> 8 !== (value & 0xff);
}

function countOf(values: readonly number[]): string {
  return String(Math.min(values.length, MAX_COUNT)).padStart(2, '0');
}

function sortedHex(values: readonly number[]): string {
  return values.map(hex).sort().join(',');
}

function hex(value: number): string {
  return value.toString(16).padStart(4, '0');
}

function shortHash(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex').slice(0, HASH_CHARACTERS);
}
