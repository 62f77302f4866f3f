/** A session's summary for programs: `spoor report --json`. Names are a contract; numbers past 2^53 are strings. */

import { rfc3339 } from '../attribute/rfc3339.ts';
import type { Summary } from '../session/summary.ts';

export function reportJson(summary: Summary): string {
  const { startNs, endNs } = summary;
  return JSON.stringify({
    session: summary.sessionId,
    agent: { name: summary.agentName, version: summary.agentVersion ?? null },
    command: summary.commandLine,
    working_directory: summary.workingDirectory,
    user: summary.userName,
    start: rfc3339(startNs),
    end: endNs === undefined ? null : rfc3339(endNs),
    exit_code: summary.exitCode ?? null,
    end_reason: summary.endReason ?? null,
    events: summary.events,
    processes: { count: summary.processes, programs: Object.fromEntries(summary.programs) },
    files: {
      read: summary.filesRead,
      written: summary.filesWritten,
      refused: summary.filesRefused,
      notable: summary.notable,
      notable_left_out: summary.notableLeftOut,
    },
    connections: { count: summary.connections, hosts: summary.hosts },
    handovers: { count: summary.handovers, list: summary.handoverLines },
    findings: {
      count: summary.findings,
      list: summary.findingLines.map(({ timeNs, title, level, program, commandLine }) => ({
        time: rfc3339(timeNs),
        title,
        level,
        program,
        command: commandLine,
      })),
    },
    lost: {
      count: Number(summary.lost),
      gaps: summary.gaps.map(({ event, cause, count }) => ({ event, cause, count: Number(count) })),
      blind: summary.blind,
    },
    remaining: summary.remaining.map(({ pid, program, commandLine }) => ({
      pid,
      program,
      command: commandLine,
    })),
  });
}
