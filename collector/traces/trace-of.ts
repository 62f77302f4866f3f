/**
 * A session as a trace: the session is the trace, a process a span, who made it the parent. Ids come from the
 * processes' identities, so a trace built again from the log is the same trace.
 */

import type { ToldEvent } from '../session/summary.ts';

/** Unfinished spans kept, 1 KB each. Past it the oldest process gets no span; the log has it. */
const MAX_OPEN = 20_000;
/** Findings told on one span. */
const MAX_NOTES = 32;

/** What OpenTelemetry calls a span, before its packages are needed. */
export interface ProcessSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined for the session's root. */
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Readonly<Record<string, string | number | boolean | string[]>>;
  /** Programs the process became after its first, and findings about it. */
  readonly notes: readonly Note[];
  /** Why it counts as failed; undefined when it does not. */
  readonly failure: string | undefined;
}

export interface Note {
  readonly name: string;
  readonly timeNs: bigint;
  readonly attributes: Readonly<Record<string, string>>;
}

interface OpenSpan {
  readonly spanId: string;
  readonly startNs: bigint;
  name: string;
  attributes: Record<string, string | number | boolean | string[]>;
  parentSpanId: string | undefined;
  notes: Note[];
}

export interface TraceBuilder {
  /** Takes the session's events in the order of the log; gives the spans that ended with this one. */
  add(event: ToldEvent): ProcessSpan[];
}

/** What a span tells of its process: all of it is in the log already, masked. */
const TOLD = [
  'session.id',
  'gen_ai.agent.name',
  'gen_ai.agent.version',
  'process.pid',
  'process.parent_pid',
  'process.entity_id',
  'process.executable.path',
  'process.command_args',
  'process.working_directory',
  'process.user.id',
  'process.user.name',
  'process.hash.sha256',
] as const;

export function createTrace(sessionId: string): TraceBuilder {
  const open = new Map<string, OpenSpan>();
  let rootId = '';
  let startNs = 0n;

  /** The span of the process an event is about, begun if it is new. */
  function spanOf(event: ToldEvent): OpenSpan {
    const { attributes } = event;
    const id = text(attributes['process.entity_id']);
    const known = open.get(id);
    if (known) return known;
    const isRoot = id === rootId;
    // The root process waited as Spoor's launcher before; its span is COMMAND's.
    const beganNs = isRoot ? startNs : (timeOf(text(attributes['process.creation.time'])) ?? event.timeNs);
    const begun: OpenSpan = {
      spanId: id.slice(0, 16),
      startNs: beganNs,
      name: text(attributes['process.executable.name']) || 'unknown',
      attributes: told(attributes),
      parentSpanId: isRoot ? undefined : parentOf(attributes),
      notes: [],
    };
    open.set(id, begun);
    if (open.size > MAX_OPEN) for (const oldest of [...open.keys()].slice(0, 1)) open.delete(oldest);
    return begun;
  }

  function parentOf(attributes: ToldEvent['attributes']): string {
    const parent = text(attributes['process.parent.entity_id']);
    return (parent || rootId).slice(0, 16);
  }

  function onExec(event: ToldEvent): void {
    const span = spanOf(event);
    const name = text(event.attributes['process.executable.name']);
    if (
      span.attributes['process.command_args'] !== undefined &&
      event.timeNs > span.startNs &&
      span.name !== name
    ) {
      note(span, { name: 'exec', timeNs: event.timeNs, attributes: { 'process.executable.name': name } });
    }
    span.name = name;
    span.attributes = told(event.attributes);
  }

  function finish(event: ToldEvent): ProcessSpan {
    const span = spanOf(event);
    open.delete(text(event.attributes['process.entity_id']));
    const { attributes } = event;
    const code = attributes['process.exit.code'];
    const signal = attributes['spoor.process.exit_signal'];
    const failure =
      signal !== undefined
        ? text(signal)
        : code !== undefined && Number(code) !== 0
          ? `exit code ${code}`
          : undefined;
    const exit: Record<string, string | number> = {};
    if (code !== undefined) exit['process.exit.code'] = Number(code);
    if (signal !== undefined) exit['spoor.process.exit_signal'] = text(signal);
    return spanFrom(span, event.timeNs, exit, failure);
  }

  function spanFrom(
    span: OpenSpan,
    endNs: bigint,
    more: Record<string, string | number | boolean>,
    failure: string | undefined,
  ): ProcessSpan {
    const { spanId, parentSpanId, name, startNs: beganNs, notes } = span;
    const attributes = { ...span.attributes, ...more };
    return {
      traceId: sessionId,
      spanId,
      parentSpanId,
      name,
      startNs: beganNs,
      endNs,
      attributes,
      notes,
      failure,
    };
  }

  function add(event: ToldEvent): ProcessSpan[] {
    const { attributes } = event;
    if (attributes['session.id'] !== sessionId) return [];
    switch (event.eventName) {
      case 'session.start':
        rootId = text(attributes['process.entity_id']);
        startNs = event.timeNs;
        return [];
      case 'process.exec':
        onExec(event);
        return [];
      case 'process.exit':
        return [finish(event)];
      case 'finding': {
        const rule = text(attributes['security_rule.name']);
        note(spanOf(event), {
          name: 'finding',
          timeNs: event.timeNs,
          attributes: { 'security_rule.name': rule },
        });
        return [];
      }
      case 'session.end': {
        // What still runs ends here as far as anybody watched.
        const rest = [...open.values()].map((span) =>
          spanFrom(span, event.timeNs, { 'spoor.process.still_running': true }, undefined),
        );
        open.clear();
        return rest;
      }
      default:
        return [];
    }
  }

  return { add };
}

function note(span: OpenSpan, what: Note): void {
  if (span.notes.length < MAX_NOTES) span.notes.push(what);
}

function told(attributes: ToldEvent['attributes']): OpenSpan['attributes'] {
  const out: OpenSpan['attributes'] = {};
  for (const name of TOLD) {
    const value = attributes[name];
    if (typeof value === 'string' || typeof value === 'number') out[name] = value;
    else if (Array.isArray(value)) out[name] = value.map(String);
  }
  return out;
}

/** RFC 3339 with nanoseconds, as process.creation.time is written. */
function timeOf(text: string): bigint | undefined {
  const match = /^(.{19})\.(\d{9})Z$/.exec(text);
  if (!match) return undefined;
  return BigInt(Date.parse(`${match[1]}Z`)) * 1_000_000n + BigInt(match[2] ?? 0);
}

function text(value: unknown): string {
  return value === undefined ? '' : String(value);
}
