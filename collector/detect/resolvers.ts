/**
 * Public resolvers that answer DNS over HTTPS (RFC 8484), by the names in their own documentation. A name asked for
 * there is seen by nobody on the way; that it was asked is all that shows.
 */

/** "*." is any name below. */
export const RESOLVER_NAMES: readonly string[] = [
  'dns.google',
  'dns.google.com',
  'dns64.dns.google',
  'cloudflare-dns.com',
  '*.cloudflare-dns.com',
  'one.one.one.one',
  '*.cloudflare-gateway.com',
  'dns.quad9.net',
  '*.quad9.net',
  'doh.opendns.com',
  '*.opendns.com',
  'dns.nextdns.io',
  '*.nextdns.io',
  'dns.adguard.com',
  'dns.adguard-dns.com',
  '*.adguard-dns.com',
  'doh.cleanbrowsing.org',
  'dns.controld.com',
  '*.dns.controld.com',
  'freedns.controld.com',
  'dns.mullvad.net',
  '*.dns.mullvad.net',
  'doh.mullvad.net',
  'dns0.eu',
  '*.dns0.eu',
  'doh.libredns.gr',
  'doh.dns.sb',
  'dns.alidns.com',
  'doh.pub',
  'doh.360.cn',
  'dns.twnic.tw',
  'public.dns.iij.jp',
  'doh.applied-privacy.net',
  'dns.digitale-gesellschaft.ch',
  'dns.switch.ch',
  'doh.ffmuc.net',
  'ordns.he.net',
  'dns.njal.la',
  'doh.xfinity.com',
  'doh.tiar.app',
];

/** Their addresses: a client that was given one names no server in its ClientHello. */
export const RESOLVER_ADDRESSES: ReadonlySet<string> = new Set([
  ...['8.8.8.8', '8.8.4.4', '2001:4860:4860::8888', '2001:4860:4860::8844'],
  ...['1.1.1.1', '1.0.0.1', '1.1.1.2', '1.0.0.2', '1.1.1.3', '1.0.0.3'],
  ...['2606:4700:4700::1111', '2606:4700:4700::1001'],
  ...['9.9.9.9', '149.112.112.112', '9.9.9.10', '9.9.9.11', '2620:fe::fe', '2620:fe::9'],
  ...['208.67.222.222', '208.67.220.220', '94.140.14.14', '94.140.15.15', '76.76.2.0', '76.76.10.0'],
  ...['223.5.5.5', '223.6.6.6'],
]);
