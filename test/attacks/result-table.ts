/** The table of attacks, as docs/detections-tested.md holds it. */

import type { Attack } from './attacks.ts';

export interface Row {
  readonly attack: Attack;
  /** Expected rules that did not fire. */
  readonly missed: readonly string[];
  /** The event this host's sensor does not report, where the attack cannot be seen without it. */
  readonly unseen: string | undefined;
  /** Titles of other rules that fired. */
  readonly others: readonly string[];
  /** From the act to the first expected finding being readable. */
  readonly secondsToFinding: number | undefined;
}

export function tableOf(rows: readonly Row[]): string {
  const lines = ['| attack | technique | expected | result | seconds to finding |', '|---|---|---|---|---|'];
  for (const { attack, missed, unseen, secondsToFinding } of rows) {
    const result =
      missed.length === 0
        ? 'detected'
        : unseen === undefined
          ? `missed: ${missed.join(', ')}`
          : `missed: the sensor reports no ${unseen}`;
    lines.push(
      `| ${attack.name} | ${attack.technique} | ${attack.expected.join(', ')} | ${result} | ${secondsToFinding?.toFixed(3) ?? ''} |`,
    );
  }
  const detected = rows.filter(({ missed }) => missed.length === 0).length;
  lines.push('', `${detected} of ${rows.length} detected.`);
  return `${lines.join('\n')}\n`;
}
