import type { CopyVerdict } from '../verify/copy.ts';
import type { Range } from '../verify/ranges.ts';
import { printable } from './terminal.ts';
import { type WitnessKeySource, witnessedLine } from './witnessed-line.ts';

/** Runs of indices, or foreign names, listed before the rest is only counted. */
const MAX_RUNS = 12;

export function copyJson(verdict: CopyVerdict): string {
  return JSON.stringify(verdict, (_, value: unknown) => {
    if (typeof value === 'bigint') return Number(value);
    if (value instanceof Map) return Object.fromEntries(value as Map<string, number>);
    return value === undefined ? null : value;
  });
}

/** What a copy proves, for a person. @param witnessesFrom where the witnesses' keys are from */
export function copyText(path: string, verdict: CopyVerdict, witnessesFrom: WitnessKeySource): string {
  const lines = [
    `copy       ${path} of ${verdict.origin || 'a log that it does not name'}`,
    `key        ${verdict.keyIds.join(', then ')}`,
  ];
  lines.push(
    `records    ${verdict.records} present (${runs(verdict.present)}), ${verdict.proved} of them proved by ${verdict.checkpoints} checkpoints`,
  );
  if (verdict.integrity === 'intact')
    lines.push(
      `integrity  intact: no record that a checkpoint covers differs from what was signed${verdict.unproved.length > 0 ? '; others are UNPROVED, see below' : ''}`,
    );
  else if (verdict.integrity === 'unchecked')
    lines.push('integrity  NOT CHECKED: the copy has no checkpoint (log.checkpoint) that this key signed');
  else {
    lines.push('integrity  BROKEN');
    for (const { message } of verdict.problems) lines.push(`           ${message}`);
    if (verdict.moreProblems > 0) lines.push(`           and ${verdict.moreProblems} more`);
  }
  for (const witnessed of verdict.witnessed) lines.push(witnessedLine(witnessed, witnessesFrom));
  if (verdict.missing.length > 0) lines.push(`missing    ${runs(verdict.missing)}`);
  if (verdict.missingCheckpoints.length > 0)
    lines.push(`missing    checkpoints ${runs(verdict.missingCheckpoints)}`);
  if (verdict.unproved.length > 0)
    lines.push(`unproved   ${runs(verdict.unproved)}: no checkpoint in the copy vouches for them`);
  if (verdict.repeated.length > 0) lines.push(`repeated   ${runs(verdict.repeated)}, with the same content`);
  const foreign = [...verdict.foreignAttributes];
  for (const [name, count] of foreign.slice(0, MAX_RUNS))
    lines.push(`foreign    ${name} was added to ${count} records on the way; set aside`);
  if (foreign.length > MAX_RUNS) lines.push(`foreign    and ${foreign.length - MAX_RUNS} more names`);
  if (verdict.otherLogs > 0) lines.push(`other      ${verdict.otherLogs} records of other logs; set aside`);
  if (verdict.cutLine !== undefined)
    lines.push(`cut        the file ends within line ${verdict.cutLine}; what that line held is not judged`);
  const lost = verdict.lost === 0n ? 'no event is' : `${verdict.lost} events are`;
  lines.push(`complete   ${verdict.complete ? 'yes' : 'NO'}; ${lost} stated as lost before sealing`);
  return lines.map((line) => `${printable(line)}\n`).join('');
}

function runs(ranges: readonly Range[]): string {
  if (ranges.length === 0) return 'none';
  const shown = ranges.slice(0, MAX_RUNS).map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`));
  if (ranges.length > MAX_RUNS) shown.push(`and ${ranges.length - MAX_RUNS} more runs`);
  return shown.join(', ');
}
