/** System utilities that an AI agent can do with what it could not do by itself, by what they are for. */

export type UtilityKind =
  | 'transfer'
  | 'remote'
  | 'scan'
  | 'encode'
  | 'interpret'
  | 'pack'
  | 'develop'
  | 'contain'
  | 'schedule'
  | 'privilege'
  | 'many';

const NAMES: Readonly<Record<UtilityKind, readonly string[]>> = {
  transfer: [
    'curl',
    'wget',
    'wget2',
    'aria2c',
    'nc',
    'nc.openbsd',
    'nc.traditional',
    'ncat',
    'netcat',
    'socat',
    'scp',
    'sftp',
    'ftp',
    'lftp',
    'tftp',
    'telnet',
    'rsync',
    'rclone',
    'croc',
    'wormhole',
  ],
  remote: ['ssh'],
  scan: ['tcpdump', 'nmap'],
  encode: ['base64', 'openssl', 'gpg', 'xxd'],
  interpret: ['python3', 'perl'],
  pack: ['tar', 'zip', 'dd'],
  develop: ['git'],
  contain: ['docker', 'kubectl'],
  schedule: ['crontab', 'at'],
  privilege: ['sudo', 'su'],
  many: ['busybox'],
};

const KINDS: ReadonlyMap<string, UtilityKind> = new Map(
  Object.entries(NAMES).flatMap(([kind, names]) => names.map((name) => [name, kind as UtilityKind] as const)),
);

export const UTILITY_NAMES: readonly string[] = [...KINDS.keys()];

export function namesOf(kind: UtilityKind): readonly string[] {
  return NAMES[kind];
}

export function kindOf(utility: string): UtilityKind | undefined {
  return KINDS.get(utility);
}
