/**
 * Does a name announced a secret? Names come from flags (--api-key), assignments (API_KEY=), headers (X-Api-Key:),
 * query parameters (?sig=) and JSON.
 *
 *   certain   whatever follows is masked: password, token, client_secret, API_KEY
 *   likely    masked when the value looks random: key, auth, session
 *   no        max_tokens, --password-file, ACCESS_KEY_ID, GIT_AUTHOR_NAME, PWD
 */

export type Announced = 'certain' | 'likely' | 'no';

/** A name longer than this is none: 64 characters hold every real one. */
export const MAX_NAME_CHARACTERS = 64;

/** Words that hold a secret wherever they stand in a name. */
const SECRET_WORDS = new Set(
  'password passwd passphrase passcode passwort secret secrets apikey credential credentials authtoken accesstoken refreshtoken privatekey secretkey accesskey authkey'.split(
    ' ',
  ),
);
/** Words that hold a secret at the end of a name only: token, but not token_count. */
const LAST_WORDS = new Set('token pat authorization cookie cookies jwt bearer otp totp'.split(' '));
/** "key" after one of these is a secret; alone it may be a sort key, a file, a map's key. */
const KEY_OWNERS = new Set(
  'api app access account admin auth aes bot client consumer deploy encryption hmac ingest jwt license master private secret service session shared signing storage subscription webhook write'.split(
    ' ',
  ),
);
const LIKELY_LAST_WORDS = new Set(
  'key keys auth session sessionid sid sig signature nonce seed salt pwd code creds'.split(' '),
);
/** Run together as people write them in environment names: PGPASSWORD, DBPASS, GHTOKEN. */
const SECRET_ENDINGS = ['password', 'passwd', 'passphrase', 'secret', 'apikey', 'token'];
/** What a name ends in when it tells about a secret and does not hold it. */
const ABOUT = new Set(
  'file files path paths dir name names id ids count url uri endpoint type types stdin fd sock socket ttl length len limit limits size policy provider env format version alg algorithm expiry expires expiration timeout prompt helper store ref arn mode lifetime budget max min index field header prefix suffix rotation enabled required usage window only scheme'.split(
    ' ',
  ),
);
/** What a name begins with when it asks a question or sets a number. */
const ASKING = new Set(
  'no not skip without show ask prompt enable disable max min num has is total'.split(' '),
);

/** SonarQube's token is called a login: -Dsonar.login=X, SONAR_LOGIN. */
const SONAR_LOGIN = /^(?:-d)?sonar[._]login$/i;

/** Longer lists of names than any host's programs use; past it they are judged again. */
const MAX_REMEMBERED = 4_096;
const remembered = new Map<string, Announced>();

export function announcedBy(name: string): Announced {
  const known = remembered.get(name);
  if (known) return known;
  const announced = judge(name);
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(name, announced);
  return announced;
}

function judge(name: string): Announced {
  if (name.length === 0 || name.length > MAX_NAME_CHARACTERS) return 'no';
  if (name === 'SSHPASS') return 'certain'; // sshpass -e reads it; in lower case it is the program
  if (SONAR_LOGIN.test(name)) return 'certain';
  const words = wordsOf(name);
  const last = words.at(-1);
  const first = words[0];
  if (!last || !first || ABOUT.has(last) || (words.length > 1 && ASKING.has(first))) return 'no';
  if (words.length === 1 && (last === 'pwd' || last === 'oldpwd' || last === 'code' || last === 'pat'))
    return 'no';
  if (words.some((word) => SECRET_WORDS.has(word)) || LAST_WORDS.has(last)) return 'certain';
  if (SECRET_ENDINGS.some((ending) => last.endsWith(ending))) return 'certain';
  if (last === 'pass' || last === 'pwd' || (last.endsWith('pass') && !NOT_A_PASS.has(last))) return 'certain';
  if (last === 'key' && words.length > 1 && KEY_OWNERS.has(words.at(-2) ?? '')) return 'certain';
  return LIKELY_LAST_WORDS.has(last) || last.endsWith('key') ? 'likely' : 'no';
}

const NOT_A_PASS = new Set(
  'bypass compass encompass askpass sshpass trespass surpass onepass lastpass'.split(' '),
);

/** "X-Api-Key", "apiKey", "API_KEY" and "to%6ben" in lower-case words. */
function wordsOf(name: string): string[] {
  return decoded(name)
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

/** A query parameter's name may be percent-encoded to look harmless. */
function decoded(name: string): string {
  return name.replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
