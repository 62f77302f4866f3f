/** Secrets told by their place in a command alone: vault login X, rabbitmqctl add_user NAME X, kubectl ... NAME=X. */

import { ARGUMENT_END } from './assignments.ts';
import type { Span } from './span.ts';
import { isNoSecret, isReference } from './value.ts';
import type { Word } from './words.ts';

interface Place {
  /** Words before it, one after the other; flags between them are passed over. Empty: right behind the program. */
  readonly after: readonly string[];
  /** Which word behind them, flags left out, from 0, or -1 for the last; all of them; what an expression's group takes. */
  readonly secret: number | 'all' | RegExp;
  /** Only where the command has this word too. */
  readonly beside?: string;
  /** Flags whose value is the word behind them. */
  readonly valued?: readonly string[];
}

const at = (
  after: string,
  secret: Place['secret'],
  more: Pick<Place, 'beside' | 'valued'> | string = {},
): Place => ({
  after: after === '' ? [] : after.split(' '),
  secret,
  ...(typeof more === 'string' ? { beside: more } : more),
});

/** What a program types as a keyboard would, for whoever has the focus. */
const TYPED = at('type', 'all', {
  valued: '--window --delay --args --terminator --file --key-delay --key-hold -d -H'.split(' '),
});

/** NAME=SECRET */
const ASSIGNED = /=(.+)$/s;
/** user:SECRET@host, domain/user:SECRET@host, user/SECRET@host */
const USERINFO = /^[^:/]*[:/](?:[^:@]*:)?([^@]+)(?:@.*)?$/;
/** KEY VALUE, where the value may be the name of a file that holds it, or - for standard input */
const VALUE = 1;
/** user:SECRET@host, of a word that may be any other */
const HOST_WITH_USERINFO = /^(?!mailto:)[^\s:/@=]+:([^\s:/@]+)@[^\s@]+$/;

/** As the programs' manuals have them. */
const PLACES: Readonly<Record<string, readonly Place[]>> = {
  vault: [
    at('kv put', ASSIGNED),
    at('kv patch', ASSIGNED),
    at('write', ASSIGNED),
    at('login', 0),
    at('unseal', 'all'),
  ],
  bao: [at('kv put', ASSIGNED), at('kv patch', ASSIGNED), at('write', ASSIGNED), at('login', 0)],
  openssl: [at('passwd', 'all')],
  mysqladmin: [at('password', 0)],
  poetry: [at('config', 2, 'http-basic'), at('config', 1, 'pypi-token')],
  cargo: [at('login', 0)],
  wandb: [at('login', 0)],
  bw: [at('login', 1), at('unlock', 0)],
  ngrok: [at('authtoken', 0), at('add-authtoken', 0)],
  cloudflared: [at('service install', 0)],
  doppler: [at('secrets set', 1)],
  nuget: [at('setapikey', 0)],
  dotnet: [at('user-secrets set', 1)],
  pulumi: [at('config set', 1, '--secret')],
  glab: [at('variable set', 1)],
  'redis-cli': [at('AUTH', 'all'), at('auth', 'all')],
  rabbitmqctl: [at('add_user', 1), at('change_password', 1), at('authenticate_user', 1)],
  mosquitto_passwd: [at('', 2, '-b')],
  'samba-tool': [at('user create', 1), at('user add', 1)],
  net: [at('user', 1)],
  consul: [
    at('kv put', VALUE, { valued: '-flags -modify-index -session -http-addr -token -namespace'.split(' ') }),
  ],
  etcdctl: [at('user add', USERINFO), at('put', VALUE)],
  curlftpfs: [at('', HOST_WITH_USERINFO)],
  virsh: [at('secret-set-value', 1)],
  ceph: [at('config-key set', VALUE), at('config-key put', VALUE)],
  db2: [at('using', 0)],
  impdp: [at('', USERINFO)],
  expdp: [at('', USERINFO)],
  'neo4j-admin': [at('set-initial-password', 0)],
  teamviewer: [at('passwd', 0)],
  snyk: [at('auth', 0)],
  wpa_cli: [at('psk', 0)],
  radtest: [at('', 1), at('', 4)],
  signtool: [at('/p', 0)],
  smbclient: [at('', 1, { valued: '-U -W -I -p -c -D -T -m -d -l -s -O -A --user'.split(' ') })],
  adb: [at('input text', 'all')],
  xte: [at('', /^str (.+)$/s)],
  xdotool: [TYPED],
  ydotool: [TYPED],
  wtype: [at('', 'all', { valued: '-d -k -m -M -p -P -s'.split(' ') })],
  qpdf: [at('--encrypt', 0), at('--encrypt', 1)],
  pdftk: [at('user_pw', 0), at('owner_pw', 0), at('input_pw', 0)],
  nmcli: [at('password', 0), at('wifi-sec.psk', 0)],
  iwconfig: [at('key', 0)],
  wpa_passphrase: [at('', 1)],
  rclone: [at('obscure', 0)],
  'ansible-vault': [at('encrypt_string', 0)],
  drush: [at('user:password', 1)],
  isql: [at('', 2)],
  sqlplus: [at('', USERINFO)],
  mc: [at('alias set', 3), at('config host add', 3)],
  mkpasswd: [at('', -1)],
  curl: [at('', HOST_WITH_USERINFO)],
  cvs: [at('', /^:[a-z]+:[^:@]*:([^@]+)@/)],
  xfreerdp: [at('', /^\/p:(.+)$/)],
  xfreerdp3: [at('', /^\/p:(.+)$/)],
  wlfreerdp: [at('', /^\/p:(.+)$/)],
  aws: [at('--value', 0, 'SecureString')],
};

/** Impacket's tools take DOMAIN/USER:SECRET@HOST; installed by Debian under another name. */
const IMPACKET =
  /^(?:impacket-[A-Za-z]+|(?:psexec|smbexec|wmiexec|atexec|dcomexec|secretsdump|smbclient|GetUserSPNs|GetNPUsers)\.py)$/;

function placesOf(program: string): readonly Place[] | undefined {
  if (IMPACKET.test(program)) return [at('', USERINFO)];
  return Object.hasOwn(PLACES, program) ? PLACES[program] : undefined;
}

/**
 * @param words of one command, its program not among them
 * @param isScriptAt whether the text at a place is read by a shell
 */
export function findPlaced(
  line: string,
  program: string,
  words: readonly Word[],
  isScriptAt: (at: number) => boolean,
  spans: Span[],
): void {
  const places = placesOf(program);
  if (!places) return;
  const given = whole(line, words, isScriptAt);
  for (const { after, secret, beside, valued } of places) {
    if (beside !== undefined && !given.some((span) => textOf(line, span).startsWith(beside))) continue;
    for (const span of behind(line, given, { after, secret, valued })) {
      const value = textOf(line, span);
      if (!isNoSecret(value) && !(isScriptAt(span.from) && isReference(value))) spans.push(span);
    }
  }
}

function textOf(line: string, { from, to }: Span): string {
  return line.slice(from, to);
}

/** Words that stand in one argument are one, blanks and all, unless a shell reads it. */
function whole(line: string, words: readonly Word[], isScriptAt: (at: number) => boolean): Span[] {
  const given: Span[] = [];
  for (const { from, to } of words) {
    const last = given.at(-1);
    if (last && !isScriptAt(from) && !line.slice(last.to, from).includes(ARGUMENT_END))
      given[given.length - 1] = { from: last.from, to };
    else given.push({ from, to });
  }
  return given;
}

function behind(
  line: string,
  given: readonly Span[],
  {
    after,
    secret,
    valued = [],
  }: Pick<Place, 'after' | 'secret'> & { valued?: readonly string[] | undefined },
): Span[] {
  const isFlag = (span: Span) => line[span.from] === '-';
  const isValued = (_: Span, index: number) => {
    const before = given[index - 1];
    return before === undefined || !valued.includes(textOf(line, before));
  };
  const named = after[0]?.startsWith('-') ? given : given.filter(isValued).filter((span) => !isFlag(span));
  const start = named.findIndex((_, index) =>
    after.every((word, offset) => {
      const span = named[index + offset];
      return span !== undefined && textOf(line, span) === word;
    }),
  );
  if (start < 0 && after.length > 0) return [];
  const rest = named.slice(Math.max(start, 0) + after.length).filter((span) => !isFlag(span));
  if (secret === 'all') return rest;
  if (typeof secret !== 'number') return rest.flatMap((span) => partOf(line, span, secret));
  const one = rest.at(secret);
  // mc's and net's further words (/add) are none, nor the name of a file; NAME=VALUE names its secret itself.
  return one && !/^(?:\/[a-z]+$|@|[\w.-]+=[^=])/i.test(textOf(line, one)) ? [one] : [];
}

/** Where the first group of the expression stands in a word. */
function partOf(line: string, span: Span, expression: RegExp): Span[] {
  const text = textOf(line, span);
  const found = expression.exec(text)?.[1];
  if (found === undefined) return [];
  const from = span.from + text.lastIndexOf(found);
  return [{ from, to: from + found.length }];
}
