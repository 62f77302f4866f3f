/** docs/evasions.md: the table for people, with both tiers side by side. */

import type { State, Tier } from './compare.ts';
import type { Evasion } from './table.ts';

const TIERS: readonly Tier[] = ['lsm', 'tracepoint'];

const WORDS: Readonly<Record<State, string>> = {
  seen: 'seen',
  cut: 'seen, cut',
  claimed: 'claimed',
  not_seen: 'not seen',
};

export function renderPage(table: readonly Evasion[]): string {
  const reasons = new Map<string, number>();
  const rows = table.map((evasion) => {
    const cells = TIERS.map((tier) => cell(evasion, tier, reasons));
    return `| ${evasion.row} | \`${evasion.id}\` | ${inCell(evasion.does)} | ${cells.join(' | ')} |`;
  });
  const notes = [...reasons].map(([reason, number]) => `${number}. ${inCell(reason)}`);
  return `<!-- Written by test/programs/evasions/record.ts from table.yml; tests hold it to what the sensor does. -->

# Ways round a sensor

Each row is a small program in \`test/programs/evasions\` that does one thing one odd way, as root, inside a session,
and tells what it truly did. The columns say what Spoor makes of it on each tier of the Linux sensor, event by event:

- **seen**: the event is there, and every field is as it truly was (path, device, inode, errno, bytes and so on).
- **seen, cut**: the same, but a field was cut to fit, and the event says so.
- **claimed**: the event is there, but its path is only what the caller wrote, and the event says so; it may not know
  which file (device, inode) the path led to.
- **not seen**: no event, or one with a field that is not true; the number leads to the reason below.

${summary(table)}

| row | program | what it does | tier lsm | tier tracepoint |
|---|---|---|---|---|
${rows.join('\n')}

## Why a path is only claimed

The tracepoint tier looks when a call has returned. A name that was removed or renamed leads nowhere by then, and whatever
is found under one may have been put there since. So a path by name is what the caller wrote, joined to the kernel's own
path of the folder it starts from; of io_uring, what the kernel had copied before it began. By descriptor it is resolved.

Two other sources were tried for that tier and left:

- *fanotify* (\`FAN_REPORT_DFID_NAME\`, \`FAN_RENAME\`, a mark a file system) gives the true folder and name. It is told of
  every process of the host: 20,000 files made, renamed and removed cost those that did it 1.2 times as much (14.5 to 17.8
  µs a file on tmpfs), outside sessions too, where Spoor promises next to nothing. It names the process by number only and
  comes on a way of its own, so that a call's event and fanotify's can be joined by guess only. It takes CAP_SYS_ADMIN,
  which the service does without. On overlayfs, where containers live, the kernel refuses the mark (EOPNOTSUPP, 6.18).
- *Tracepoints of file systems* know the kernel's own objects. ext4 has one for unlink and none for rename, mkdir or link
  (those of its fast commits come only where that is switched on); xfs has create, remove, link and rename; btrfs, tmpfs and
  overlayfs have none. A path would be resolved or claimed by where it lies, which nobody who writes a rule could rely on.

What is certain there is the tier lsm, which sees the kernel's objects as it decides on them, on every file system.

## What is told and not measured

- *Unix sockets*: who connected to whom is told; bytes and duration are not. The kernel's hook at the end of a socket
  (cgroup/sock_release) is of IP only, so there is no moment at which the sums would be whole, on either tier.
- *vsock*: the address is the caller's, and there are no bytes: the socket's type is a module's, of which the kernel's own
  description of its types says nothing.

## Why something is not seen

${notes.join('\n')}
`;
}

function cell(evasion: Evasion, tier: Tier, reasons: Map<string, number>): string {
  const impossible = evasion.notPossible[tier];
  if (impossible !== undefined) return `not possible here: ${inCell(impossible)}`;
  const recorded = evasion.recorded[tier];
  if (recorded.size === 0) return 'not measured';
  const byState = new Map<string, string[]>();
  for (const [event, { state, because }] of recorded) {
    const words = state === 'not_seen' ? `${WORDS[state]} (${numberOf(because, reasons)})` : WORDS[state];
    byState.set(words, [...(byState.get(words) ?? []), event]);
  }
  return [...byState].map(([words, events]) => `${words}: ${events.join(', ')}`).join('<br>');
}

function numberOf(reason: string, reasons: Map<string, number>): number {
  const number = reasons.get(reason) ?? reasons.size + 1;
  reasons.set(reason, number);
  return number;
}

function summary(table: readonly Evasion[]): string {
  const lines = TIERS.map((tier) => {
    const columns = table.map((evasion) => evasion.recorded[tier]).filter((recorded) => recorded.size > 0);
    const states = columns.flatMap((recorded) => [...recorded.values()].map(({ state }) => state));
    const whole = columns.filter((recorded) =>
      [...recorded.values()].every(({ state }) => state !== 'not_seen'),
    );
    const counts = (Object.keys(WORDS) as State[]).map(
      (state) => `${states.filter((other) => other === state).length} ${WORDS[state]}`,
    );
    return `| ${tier} | ${columns.length} | ${whole.length} | ${counts.join(', ')} |`;
  });
  return `| tier | programs measured | nothing of them missing | events |\n|---|---|---|---|\n${lines.join('\n')}`;
}

function inCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
