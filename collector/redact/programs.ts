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
  /** a cookie (name=SECRET), or the name of a file that holds some */
  | 'cookie';

type Flags = Readonly<Record<string, FlagForm>>;

const MYSQL: Flags = { '-p': 'glued' };
const MONGO: Flags = { '-p': 'value' };
const LDAP: Flags = { '-w': 'value' };
const SAMBA: Flags = { '-U': 'after_user' };
const REGISTRY: Flags = { '-p': 'value' };
const SEVEN_ZIP: Flags = { '-p': 'glued' };

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
  },
  http: { '-a': 'after_user', '--auth': 'after_user' },
  https: { '-a': 'after_user', '--auth': 'after_user' },
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
  openssl: { '-k': 'next', '-K': 'next' },
  lftp: { '-u': 'after_user' },
  'cypher-shell': { '-p': 'value' },
  influx: { '-t': 'value', '-p': 'value' },
  steghide: { '-p': 'value' },
  rdesktop: { '-p': 'value' },
  ipmitool: { '-P': 'value' },
  snmpget: { '-c': 'value', '-A': 'value', '-X': 'value' },
  snmpwalk: { '-c': 'value', '-A': 'value', '-X': 'value' },
};

/** Programs whose -p is a secret after `login` only; elsewhere it is a port, a platform or a project. */
const LOGIN_PROGRAMS = new Set(
  'docker podman nerdctl helm oras skopeo buildah crane az oc cf ibmcloud'.split(' '),
);

/** The flags of a program that hold a secret. @param sawLogin whether `login` was among its words so far */
export function secretFlags(program: string, sawLogin: boolean): Flags | undefined {
  if (LOGIN_PROGRAMS.has(program)) return sawLogin ? REGISTRY : undefined;
  return Object.hasOwn(PROGRAMS, program) ? PROGRAMS[program] : undefined;
}
