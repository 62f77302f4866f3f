/** Which of a session's files a person wants to be told about, and why. */

export type Notable = 'credentials' | 'configuration' | 'outside the working folder';

/** The smaller, the sooner a person wants to know. */
export const WEIGHT: { readonly [Why in Notable]: number } = {
  credentials: 0,
  configuration: 1,
  'outside the working folder': 2,
};

/** Where secrets lie. Names as their programs document them; each is a suffix of a path or a pattern of its end. */
const CREDENTIALS = new RegExp(
  [
    '/\\.aws/(?:credentials|config|sso/.+|cli/cache/.+)',
    '/\\.ssh/(?:id_[^/]+(?<!\\.pub)|authorized_keys|[^/]+\\.pem)',
    '/\\.(?:netrc|pgpass|git-credentials|npmrc|pypirc|vault-token|my\\.cnf|s3cfg|boto|htpasswd)',
    '/_netrc',
    '/\\.(?:docker/config\\.json|kube/config|cargo/credentials(?:\\.toml)?|gem/credentials|terraform\\.d/credentials.*)',
    '/\\.config/(?:gcloud/(?:credentials\\.db|access_tokens\\.db|application_default_credentials\\.json|legacy_credentials/.+)|gh/hosts\\.yml|hub|doctl/config\\.yaml|rclone/rclone\\.conf|op/.+)',
    '/\\.azure/(?:accessTokens\\.json|msal_token_cache\\..+|service_principal_entries\\..+)',
    '/\\.(?:gnupg/(?:private-keys-v1\\.d/.+|secring\\.gpg)|password-store/.+|mozilla/firefox/.+/(?:logins\\.json|key4\\.db))',
    '/\\.env(?:\\.[^/]+)?(?<!\\.(?:example|sample|template|dist))',
    '/etc/(?:g?shadow-?|sudoers(?:\\.d/.+)?|ssh/ssh_host_[^/]+_key|krb5\\.keytab)',
    '/run/secrets/.+',
    '/(?:credentials|secrets?)\\.(?:json|ya?ml|toml|ini|txt|env|xml)',
    '/[^/]+\\.(?:kdbx|keytab|jks|p12|pfx)',
    '/(?:server|client|private|tls|ssl|ca)[-_.]?key\\.pem',
  ]
    .map((pattern) => `(?:${pattern})$`)
    .join('|'),
);
/** What decides what runs, or who may do what, for whoever comes after. Notable when written. */
const CONFIGURATION = new RegExp(
  [
    '^/etc/.+',
    '^/(?:usr/)?lib/systemd/.+',
    '^/var/spool/cron/.+',
    '^/(?:usr/)?(?:local/)?s?bin/.+',
    '/\\.(?:bashrc|bash_profile|bash_login|bash_logout|profile|zshrc|zprofile|zshenv|zlogin|inputrc)$',
    '/\\.config/(?:fish/config\\.fish|systemd/user/.+|autostart/.+|git/config)',
    '/\\.(?:gitconfig|ssh/(?:config|authorized_keys|known_hosts))$',
    '/\\.git/(?:hooks/(?!.*\\.sample$).+|config)$',
  ].join('|'),
);
/** Read by every program on the way to its work; telling of them would bury the rest. */
const ORDINARY = /^\/(?:usr|lib|lib32|lib64|bin|sbin|proc|sys|dev|run|etc|opt|var\/(?:lib|cache))(?:\/|$)/;
/** Everybody's scratch folder; written by everything. */
const SCRATCH = /^\/(?:tmp|var\/tmp|dev)(?:\/|$)/;

export interface FileUse {
  readonly path: string;
  readonly access: 'read' | 'write';
  /** Working directory in which the session began. */
  readonly workingDirectory: string;
}

/** Undefined for what is nothing to tell of. */
export function notableUse({ path, access, workingDirectory }: FileUse): Notable | undefined {
  if (CREDENTIALS.test(path)) return 'credentials';
  if (access === 'write' && CONFIGURATION.test(path)) return 'configuration';
  if (isWithin(path, workingDirectory)) return undefined;
  if (access === 'write')
    return SCRATCH.test(path) || path.startsWith('/proc/') ? undefined : 'outside the working folder';
  return ORDINARY.test(path) || SCRATCH.test(path) ? undefined : 'outside the working folder';
}

/**
 * The folder under which a file outside is told together with its neighbours: its first hidden folder
 * (an agent keeps a hundred files in one), or else the folder it lies in. Ends with "/".
 */
export function placeOf(path: string): string {
  const [hidden] = /^.*?\/\.[^/]+\//.exec(path) ?? [];
  return hidden ?? path.slice(0, path.lastIndexOf('/') + 1);
}

function isWithin(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}
