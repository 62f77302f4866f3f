/** One event on one line, for a person. */

import { rfc3339 } from '../attribute/rfc3339.ts';
import type { LogRecord } from '../log/record.ts';
import { printable } from './terminal.ts';

export function eventLine(record: LogRecord): string {
  const { attributes, eventName } = record;
  const time = rfc3339(record.timeNs).slice(11, 26);
  const pid = attributes['process.pid'];
  const who = pid === undefined ? '' : `${pid} ${text(attributes['process.executable.name'])}`;
  const masked = attributes['spoor.redacted'] === undefined ? '' : '  (masked)';
  return `${time}  ${eventName.padEnd(15)}  ${printable(who).padEnd(22)}  ${printable(whatOf(record))}${masked}`;
}

function whatOf({ eventName, attributes }: LogRecord): string {
  const failed = attributes['error.type'] === undefined ? '' : `  ${text(attributes['error.type'])}`;
  switch (eventName) {
    case 'session.start':
    case 'process.exec':
      return list(attributes['process.command_args']);
    case 'session.end':
      return `${text(attributes['spoor.session.end_reason'])}, ${text(attributes['spoor.session.processes'])} programs run`;
    case 'process.exit':
      return text(attributes['spoor.process.exit_signal'] ?? attributes['process.exit.code']);
    case 'network.connect':
      return `${text(attributes['network.transport'])} ${text(attributes['network.peer.address'])} port ${text(attributes['network.peer.port'])}${failed}`;
    case 'finding':
      return `${text(attributes['spoor.finding.level'])}: ${text(attributes['security_rule.name'])}`;
    case 'sensor.gap': {
      const hook = attributes['spoor.gap.hook'];
      const cause = `${text(attributes['spoor.gap.cause'])}${hook === undefined ? '' : ` at ${text(hook)}`}`;
      return `${text(attributes['spoor.gap.count'])} ${text(attributes['spoor.gap.event'])} lost (${cause})`;
    }
    case 'sensor.coverage':
      return `${text(attributes['spoor.coverage.state'])}: ${text(attributes['spoor.coverage.subject'])}`;
    default:
      return `${text(attributes['spoor.file.access'])} ${text(attributes['file.path'])}${failed}`.trim();
  }
}

function text(value: unknown): string {
  return value === undefined ? '' : String(value);
}

function list(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join(' ') : '';
}
