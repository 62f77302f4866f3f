/** Spoor's own events as Sigma sees them: the views of schemas/registry.yml (section sigma). */

import {
  type AttributeName,
  EVENTS,
  type EventName,
  SIGMA,
  type SigmaField,
  type SigmaView,
} from '../../schemas/generated/registry.ts';
import type { Event } from '../event.ts';
import { joined } from './huge.ts';
import type { LogSource } from './rule.ts';
import type { Known } from './simplify.ts';
import type { FieldTable, Source } from './view.ts';

type Read = (event: Event) => unknown;

/** One event type shown as one log source. */
export interface EventView extends Source {
  readonly logsource: LogSource;
  /** What is known of a field before any event is seen. */
  known(field: string): Known;
  /** Whether the view is given to every event of its type. */
  readonly showsAll: boolean;
  /** Whether the view is given to this event. */
  shows(event: Event): boolean;
  /** Turns the view to an event of its type. */
  of(event: Event): Source;
}

/**
 * Every view of every event type: those of the registry, and last the event under its own name and attributes
 * (product spoor, category the event's name).
 * @param product the host's operating system as Sigma names it: linux, windows, macos
 */
export function createEventViews(
  fields: FieldTable,
  product: string,
): ReadonlyMap<EventName, readonly EventView[]> {
  const views = new Map<EventName, readonly EventView[]>();
  for (const name of Object.keys(EVENTS) as EventName[]) {
    const shown = (SIGMA[name] ?? []).map((view) =>
      createView(fields, name, { product, ...view.logsource }, view),
    );
    const own = { logsource: { product: 'spoor', category: name }, when: {}, fields: {} };
    views.set(name, [...shown, createView(fields, name, own.logsource, own)]);
  }
  return views;
}

function createView(fields: FieldTable, name: EventName, logsource: LogSource, view: SigmaView): EventView {
  const readers: (Read | undefined)[] = [];
  const conditions = Object.entries(view.when) as [AttributeName, readonly string[]][];
  let texts: readonly AttributeName[] | undefined;
  let current: Event | undefined;
  const source: EventView = {
    logsource,
    showsAll: conditions.length === 0,
    known(field) {
      const shown = Object.hasOwn(view.fields, field) ? view.fields[field] : undefined;
      if (shown?.value !== undefined) return { kind: 'constant', value: shown.value };
      if (field === 'event_name') return { kind: 'constant', value: name };
      const isThere =
        shown || field === '@timestamp' || EVENTS[name].attributes.includes(field as AttributeName);
      return { kind: isThere ? 'open' : 'absent' };
    },
    shows: (event) =>
      conditions.every(([attribute, values]) => values.includes(String(event.attributes[attribute]))),
    of(event) {
      current = event;
      return source;
    },
    read(field) {
      if (current === undefined) return undefined;
      let read = readers[field];
      if (read === undefined) {
        read = readerOf(fields.names[field] ?? '', view.fields);
        readers[field] = read;
      }
      return read(current);
    },
    everything() {
      texts ??= EVENTS[name].attributes.filter((attribute) => !NOT_TEXT.test(attribute));
      return texts.map((attribute) => current?.attributes[attribute]);
    },
  };
  return source;
}

/** Identifiers, hashes and times: no keyword is meant for them, and they are half of what an event says. */
const NOT_TEXT =
  /(^|[._])(uid|entity_id|id_hash|sha256|ancestry|device|inode|creation\.time|boot_ns|index)$|^session\.id$/;

function readerOf(name: string, shown: SigmaView['fields']): Read {
  const field = Object.hasOwn(shown, name) ? shown[name] : undefined;
  if (field) return derived(field);
  if (name === 'event_name') return (event) => event.name;
  if (name === '@timestamp') return (event) => event.timeNs;
  return (event) => event.attributes[name as AttributeName];
}

function derived(field: SigmaField): Read {
  const { from, by, value } = field;
  if (from === undefined) return () => value;
  if (by === undefined) return (event) => event.attributes[from];
  const [kind, index] = by.split(' ');
  switch (kind) {
    // Joined by spaces, as Sysmon for Linux writes it: rules are written against that form.
    case 'command_line':
      return (event) => joinedIn(event, from, ' ');
    case 'argument':
      return (event) => listOf(event.attributes[from])?.[Number(index)];
    case 'semicolons':
      return (event) => joinedIn(event, from, ';');
    case 'sha256':
      return (event) => {
        const hash = event.attributes[from];
        return hash === undefined ? undefined : `SHA256=${hash}`;
      };
    case 'errno_success':
      return (event) => (event.attributes[from] === 'success' ? 'yes' : 'no');
    default:
      throw new TypeError(`schemas/registry.yml names derivation "${by}", which nothing here derives`);
  }
}

function joinedIn(event: Event, from: AttributeName, separator: string): string | undefined {
  const list = listOf(event.attributes[from]);
  return list && joined(list, separator);
}

function listOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}
