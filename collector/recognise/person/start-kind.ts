/** Which programs begin somebody's work, and which hand it to another user. Told by the executable, never by `comm`. */

import { basename } from 'node:path';

/** How a session was started: what a person or a machine did to begin it. */
export type StartKind =
  | 'ssh'
  | 'desktop'
  | 'console'
  | 'cron'
  | 'ide'
  | 'ci'
  | 'service'
  | 'container'
  | 'unknown';

const PROGRAMS: ReadonlyMap<string, StartKind> = new Map(
  (
    [
      ['ssh', 'sshd sshd-session sshd-auth dropbear'],
      ['cron', 'cron crond anacron atd fcron'],
      [
        'ci',
        'Runner.Worker Runner.Listener gitlab-runner buildkite-agent act_runner forgejo-runner drone-runner-exec woodpecker-agent circleci-agent',
      ],
      [
        'ide',
        'code code-insiders codium cursor windsurf antigravity kiro zed-editor sublime_text idea pycharm webstorm goland clion rider',
      ],
      [
        'desktop',
        'gnome-terminal-server gnome-shell gdm-session-worker konsole plasmashell sddm-helper xfce4-terminal xfce4-session lightdm ' +
          'alacritty kitty ghostty foot wezterm-gui xterm urxvt tilix ptyxis-agent kgx cinnamon-session mate-terminal',
      ],
      ['console', 'login agetty'],
      ['container', 'containerd-shim containerd-shim-runc-v2 conmon podman'],
    ] as const
  ).flatMap(([kind, names]) => names.split(' ').map((name) => [name, kind] as const)),
);

/** Folders whose programs belong to an editor, whatever they are called (a remote editor's server is `node`). */
const EDITOR_FOLDERS =
  /\/\.(?:vscode-server|vscode-remote|cursor-server|windsurf-server)\/|\/jbr\/bin\/java$|\/\.cache\/JetBrains\//;

/** Arguments that make a Java process a build server's worker (Jenkins' remoting). */
const CI_ARCHIVE = /(?:^|\/)(?:remoting|agent|slave)\.jar$/;

const USER_CHANGERS: ReadonlySet<string> = new Set([
  'sudo',
  'su',
  'runuser',
  'doas',
  'pkexec',
  'sudo-rs',
  'su-rs',
  'run0',
  'machinectl',
]);

export function startKindOf(executable: string, args: readonly string[]): StartKind | undefined {
  if (EDITOR_FOLDERS.test(executable)) return 'ide';
  const name = basename(executable);
  if (name === 'java' && args.some((arg) => CI_ARCHIVE.test(arg))) return 'ci';
  return PROGRAMS.get(name);
}

/** Whether the program runs others as another user. @returns its name */
export function userChanger(executable: string): string | undefined {
  const name = basename(executable);
  return USER_CHANGERS.has(name) ? name : undefined;
}

/** What a control group says, for work whose starter is no ancestor any more (tmux, nohup, a double fork). */
export interface GroupFacts {
  readonly kind: StartKind | undefined;
  /** Number of the login session as systemd-logind counts it. */
  readonly loginSession: string | undefined;
  /** Name of the service, container or application. */
  readonly unit: string | undefined;
}

/** Unit names by systemd.special(7) and logind; containers by the names Docker, Podman and the kubelet give. */
export function groupFacts(cgroup: string | undefined): GroupFacts {
  const nothing: GroupFacts = { kind: undefined, loginSession: undefined, unit: undefined };
  if (!cgroup) return nothing;
  const container =
    /(?:docker|libpod|crio|cri-containerd)-([0-9a-f]{12})[0-9a-f]*\.scope|\/docker\/([0-9a-f]{12})|\/kubepods/.exec(
      cgroup,
    );
  if (container) return { ...nothing, kind: 'container', unit: container[1] ?? container[2] };
  const session = /\/session-([a-z]?\d+)\.scope/.exec(cgroup);
  if (session) return { ...nothing, loginSession: session[1] };
  const application = /\/user@\d+\.service\/app\.slice\/(app-[^/]+\.(?:scope|service))/.exec(cgroup);
  if (application) return { ...nothing, kind: 'desktop', unit: application[1] };
  const service = /\/system\.slice\/(?:.*\/)?([^/]+\.service)/.exec(cgroup);
  return service ? { ...nothing, kind: 'service', unit: service[1] } : nothing;
}
