/** Puts baselines to events: which event counts for what, and the event that says that an hour is not usual. */

import { type AttributeName, type Attributes, EVENTS } from '../../schemas/generated/registry.ts';
import { type Event, SEVERITY } from '../event.ts';
import { newUid } from '../uid.ts';
import type { Baselines, Exceeded, Observation } from './baseline.ts';

/** Destinations that say nothing of where data goes: each request to a model carries the whole conversation. */
const NOT_COUNTED: ReadonlySet<unknown> = new Set(['model_api', 'loopback', 'internal', 'metadata']);

const OWN: readonly string[] = ['log.record.uid', 'spoor.log.index', 'spoor.cut', 'spoor.redacted'];
const TAKEN = EVENTS['baseline.exceeded'].attributes.filter(
  (name) => !OWN.includes(name) && !name.startsWith('spoor.baseline.'),
);

/** Feeds an event to the baselines. @returns what is to be told right behind it */
export function judgeUsual(baselines: Baselines, event: Event): Event | undefined {
  const observation = observationOf(event);
  const exceeded = observation && baselines.observe(observation);
  return exceeded && exceededEvent(exceeded, event);
}

/** Undefined for what is not measured, and where it is not known which agent or whose. */
function observationOf(event: Event): Observation | undefined {
  const { attributes } = event;
  const measured = measuredIn(event);
  if (!measured) return undefined;
  const agent = attributes['gen_ai.agent.name'];
  const user = attributes['process.user.id'] ?? attributes['process.user.name'];
  if (agent === undefined || user === undefined) return undefined;
  return {
    ...measured,
    subject: `${agent} ${user}`,
    timeMs: Number(event.timeNs / 1_000_000n),
    uid: event.uid,
  };
}

function measuredIn({
  name,
  attributes,
}: Event): Pick<Observation, 'measure' | 'amount' | 'destination'> | undefined {
  switch (name) {
    case 'file.close':
      return { measure: 'bytes_read', amount: numberOf(attributes['spoor.file.bytes_read']) };
    case 'network.close':
      if (NOT_COUNTED.has(attributes['spoor.destination.type'])) return undefined;
      return { measure: 'bytes_sent', amount: numberOf(attributes['source.bytes']) };
    case 'network.connect': {
      if (NOT_COUNTED.has(attributes['spoor.destination.type'])) return undefined;
      const host = attributes['server.address'] ?? attributes['network.peer.address'];
      if (host === undefined || host === '') return undefined;
      return { measure: 'destinations', amount: 0, destination: siteOf(host) };
    }
    case 'agent.usage':
      return {
        measure: 'tokens',
        amount:
          numberOf(attributes['gen_ai.usage.input_tokens']) +
          numberOf(attributes['gen_ai.usage.output_tokens']),
      };
    default:
      return undefined;
  }
}

function numberOf(value: unknown): number {
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0;
}

/**
 * The part of a name that stays when hosts come and go: two labels, three where the second is as short as in co.uk.
 * A guess without the public suffix list; a wrong one makes two sites one, or one two.
 */
function siteOf(host: string): string {
  if (!/[a-z]/i.test(host) || host.includes(':')) return host;
  const labels = host.toLowerCase().replace(/\.$/, '').split('.');
  const count = (labels.at(-2)?.length ?? 0) <= 3 && labels.length > 2 ? 3 : 2;
  return labels.slice(-count).join('.');
}

function exceededEvent(exceeded: Exceeded, event: Event): Event {
  const attributes: Attributes = {};
  const taken = attributes as Record<AttributeName, unknown>;
  for (const name of TAKEN) {
    const value = event.attributes[name];
    if (value !== undefined) taken[name] = value;
  }
  attributes['spoor.baseline.measure'] = exceeded.measure;
  attributes['spoor.baseline.value'] = exceeded.value;
  attributes['spoor.baseline.expected'] = exceeded.expected;
  attributes['spoor.baseline.limit'] = exceeded.limit;
  attributes['spoor.baseline.periods'] = exceeded.periods;
  attributes['spoor.baseline.evidence'] = exceeded.evidence;
  return {
    name: 'baseline.exceeded',
    uid: newUid(Number(event.timeNs / 1_000_000n)),
    timeNs: event.timeNs,
    severity: SEVERITY.info,
    traceId: event.traceId,
    spanId: event.spanId,
    attributes,
    seen: undefined,
  };
}
