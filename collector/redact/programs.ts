/** Flags that hold a secret in some programs and something else in all others: -p, -u, -a, -w, -U. */

/** How the secret follows its flag. */
export type FlagForm =
  /** -p SECRET, or glued: -pSECRET */
  | 'value'
  /** -k SECRET only: glued it would be another flag, as in openssl -keyout */
  | 'next'
  /** glued only: mysql -pSECRET (mysql -p asks, and what follows is a database) */
  | 'glued'
  /** user:SECRET, or user%SECRET as samba writes it, or user,SECRET as lftp */
  | 'after_user'
  /** name=SECRET */
  | 'assigned'
  /** user:SECRET@host, with or without a scheme */
  | 'userinfo'
  /** a cookie (name=SECRET), or the name of a file that holds some */
  | 'cookie';

type Flags = Readonly<Record<string, FlagForm>>;

const MYSQL: Flags = { '-p': 'glued' };
const MONGO: Flags = { '-p': 'value' };
const LDAP: Flags = { '-w': 'value' };
const SAMBA: Flags = { '-U': 'after_user', '--user': 'after_user' };
const REGISTRY: Flags = { '-p': 'value' };
const SEVEN_ZIP: Flags = { '-p': 'glued' };
const ACCOUNT: Flags = { '-p': 'value', '--password': 'value' };
const PUTTY: Flags = { '-pw': 'value' };
const MOSQUITTO: Flags = { '-P': 'value', '--pw': 'value' };
const HTTPIE: Flags = { '-a': 'after_user', '--auth': 'after_user' };
const NETEXEC: Flags = { '-p': 'value', '-H': 'value' };
/** Kubernetes' clients: the value of a literal, whatever it is called. */
const LITERALS: Flags = { '--from-literal': 'assigned' };
/** The value itself, where the command sets a secret. */
const VALUE: Flags = { '--value': 'value' };

const PROGRAMS: Readonly<Record<string, Flags>> = {
  mysql: MYSQL,
  mysqldump: MYSQL,
  mysqladmin: MYSQL,
  mysqlimport: MYSQL,
  mysqlshow: MYSQL,
  mysqlsh: MYSQL,
  mariadb: MYSQL,
  'mariadb-dump': MYSQL,
  'mariadb-admin': MYSQL,
  sshpass: { '-p': 'value' },
  curl: {
    '-u': 'after_user',
    '--user': 'after_user',
    '-U': 'after_user',
    '--proxy-user': 'after_user',
    '-b': 'cookie',
    '--cert': 'after_user',
    '-E': 'after_user',
    '--proxy-cert': 'after_user',
    '-x': 'userinfo',
    '--proxy': 'userinfo',
    '--preproxy': 'userinfo',
  },
  http: HTTPIE,
  https: HTTPIE,
  xh: HTTPIE,
  xhs: HTTPIE,
  ab: { '-A': 'after_user', '-P': 'after_user' },
  useradd: ACCOUNT,
  usermod: ACCOUNT,
  groupadd: ACCOUNT,
  groupmod: ACCOUNT,
  twine: ACCOUNT,
  poetry: ACCOUNT,
  gem: { '-k': 'value', '--key': 'value' },
  cqlsh: ACCOUNT,
  conan: ACCOUNT,
  'elasticsearch-users': ACCOUNT,
  rabbitmqadmin: ACCOUNT,
  ncftpget: ACCOUNT,
  ncftpput: ACCOUNT,
  smbmap: ACCOUNT,
  'evil-winrm': { '-p': 'value', '-H': 'value' },
  crackmapexec: NETEXEC,
  netexec: NETEXEC,
  nxc: NETEXEC,
  hydra: { '-p': 'value' },
  net: SAMBA,
  wmic: SAMBA,
  kadmin: { '-w': 'value', '-pw': 'value' },
  'kadmin.local': { '-pw': 'value' },
  gobuster: { '-P': 'value' },
  mosquitto_pub: MOSQUITTO,
  mosquitto_sub: MOSQUITTO,
  etcdctl: { '--user': 'after_user' },
  pdftotext: { '-upw': 'value', '-opw': 'value' },
  'ssh-keygen': { '-N': 'value', '-P': 'value' },
  plink: PUTTY,
  pscp: PUTTY,
  psftp: PUTTY,
  putty: PUTTY,
  p4: { '-P': 'value' },
  swift: { '-K': 'value' },
  vercel: { '-t': 'value' },
  netlify: { '--auth': 'value' },
  security: { '-w': 'value' },
  openai: { '-k': 'value' },
  llm: VALUE,
  eas: VALUE,
  caddy: { '--plaintext': 'value' },
  'jenkins-cli': { '-auth': 'after_user' },
  java: { '-auth': 'after_user' },
  sqlmap: { '--auth-cred': 'after_user' },
  nikto: { '-id': 'after_user' },
  ffuf: { '-b': 'cookie' },
  'redis-cli': { '-a': 'value' },
  mongo: MONGO,
  mongosh: MONGO,
  mongodump: MONGO,
  mongorestore: MONGO,
  ldapsearch: LDAP,
  ldapadd: LDAP,
  ldapmodify: LDAP,
  ldapdelete: LDAP,
  ldapwhoami: LDAP,
  ldappasswd: { '-w': 'value', '-s': 'value', '-a': 'value' },
  smbclient: SAMBA,
  rpcclient: SAMBA,
  smbget: SAMBA,
  unzip: { '-P': 'value' },
  zip: { '-P': 'value' },
  '7z': SEVEN_ZIP,
  '7za': SEVEN_ZIP,
  '7zz': SEVEN_ZIP,
  '7zr': SEVEN_ZIP,
  unrar: SEVEN_ZIP,
  rar: { '-p': 'glued', '-hp': 'glued' },
  sqlcmd: { '-P': 'value' },
  bcp: { '-P': 'value' },
  isql: { '-P': 'value' },
  tsql: { '-P': 'value' },
  swaks: { '-ap': 'next' },
  sendemail: { '-xp': 'next' },
  ncat: { '--proxy-auth': 'after_user' },
  'youtube-dl': { '-p': 'value' },
  'yt-dlp': { '-p': 'value' },
  openssl: { '-k': 'next', '-K': 'next' },
  lftp: { '-u': 'after_user' },
  'cypher-shell': { '-p': 'value' },
  influx: { '-password': 'value', '-t': 'next', '-p': 'next' },
  steghide: { '-p': 'value' },
  rdesktop: { '-p': 'value' },
  ipmitool: { '-P': 'value' },
  snmpget: { '-c': 'value', '-A': 'value', '-X': 'value' },
  snmpwalk: { '-c': 'value', '-A': 'value', '-X': 'value' },
};

/** Programs whose flag is a secret after one of their words only; docker's -p is a port elsewhere, az' a platform. */
const AFTER_WORD: Readonly<Record<string, Readonly<Record<string, Flags>>>> = {
  ...Object.fromEntries(
    'docker podman nerdctl helm oras skopeo buildah crane cf ibmcloud'
      .split(' ')
      .map((program) => [program, { login: REGISTRY }]),
  ),
  az: { login: REGISTRY, secret: VALUE },
  oc: { login: REGISTRY, secret: LITERALS },
  kubectl: { secret: LITERALS },
  kustomize: { secret: LITERALS },
  gh: { secret: { '-b': 'value', '--body': 'value' } },
  doctl: { auth: { '-t': 'value' } },
  dotnet: { push: { '-k': 'value' } },
};

/** Flags whose name announces a secret, and which take no value. */
const SWITCHES: Readonly<Record<string, ReadonlySet<string>>> = { pulumi: new Set(['--secret']) };

/** The flags of a program that hold a secret. @param words of the command so far */
export function secretFlags(program: string, words: readonly { readonly text: string }[]): Flags | undefined {
  if (!Object.hasOwn(AFTER_WORD, program))
    return Object.hasOwn(PROGRAMS, program) ? PROGRAMS[program] : undefined;
  for (const [word, flags] of Object.entries(AFTER_WORD[program] ?? {}))
    if (words.some(({ text }) => text === word)) return flags;
  return undefined;
}

export function takesNoValue(program: string, flag: string): boolean {
  return Object.hasOwn(SWITCHES, program) && (SWITCHES[program]?.has(flag) ?? false);
}
