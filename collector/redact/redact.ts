/**
 * Stage 5, redact: secrets are masked before anything is written, shipped or shown.
 *
 * Takes events in order and gives the same events. Looks into every attribute that the registry marks `secret`,
 * and names in `spoor.redacted` those in which it masked something. What it cannot know (a password that looks like
 * any word, in a place that announces nothing) it leaves; docs/architecture.md says what that means.
 */

import { ATTRIBUTES, EVENTS } from '../../schemas/generated/registry.ts';
import type { AttributeName, Attributes, Event, EventName } from '../event.ts';
import type { Stage } from '../stage.ts';
import { maskArguments, maskText } from './mask.ts';

/** Texts whose masked form is remembered, about 200 B each, so 3 MB. Past it all are forgotten and looked at again. */
const MAX_REMEMBERED = 16_384;

/** Parts of file.path: what masking finds in one of them it has found in the whole. */
const PARTS_OF_PATH: ReadonlySet<AttributeName> = new Set(['file.directory', 'file.name', 'file.extension']);

const SECRET_ATTRIBUTES = new Map<EventName, readonly AttributeName[]>(
  Object.entries(EVENTS).map(([name, event]) => [
    name as EventName,
    event.attributes
      .filter((attribute) => ATTRIBUTES[attribute].secret)
      // The whole before its parts.
      .sort((a, b) => Number(PARTS_OF_PATH.has(a)) - Number(PARTS_OF_PATH.has(b))),
  ]),
);

export function createRedact(): Stage<Event, Event> {
  // The same paths and command lines come again and again: a look-up costs a tenth of a look into the text.
  const texts = new Map<string, string>();
  const lists = new WeakMap<readonly string[], readonly string[]>();

  function maskedText(text: string): string {
    const known = texts.get(text);
    if (known !== undefined) return known;
    const masked = maskText(text);
    if (texts.size >= MAX_REMEMBERED) texts.clear();
    texts.set(text, masked);
    return masked;
  }

  function maskedList(list: readonly string[]): readonly string[] {
    const known = lists.get(list);
    if (known) return known;
    const masked = maskArguments(list);
    lists.set(list, masked);
    return masked;
  }

  function redactEvent(event: Event): void {
    const { attributes } = event;
    let masked: AttributeName[] | undefined;
    for (const name of SECRET_ATTRIBUTES.get(event.name) ?? []) {
      const value = attributes[name];
      if (value === undefined) continue;
      if (PARTS_OF_PATH.has(name) && !masked?.includes('file.path') && attributes['file.path'] !== undefined)
        continue;
      const hidden = hide(value);
      if (hidden === value) continue;
      set(attributes, name, hidden);
      masked ??= [];
      masked.push(name);
    }
    if (!masked) return;
    // The exact bytes of a path would tell what its text no longer does.
    if (masked.includes('file.path')) attributes['spoor.file.path_bytes'] = undefined;
    attributes['spoor.redacted'] = masked;
  }

  function hide(value: Attributes[AttributeName]): Attributes[AttributeName] {
    if (typeof value === 'string') return maskedText(value);
    if (Array.isArray(value)) return maskedList(value);
    return value;
  }

  return function redact(batch) {
    for (const event of batch) redactEvent(event);
    return batch;
  };
}

/** A masked value has the type of the value it stands for, which TypeScript cannot follow by name. */
function set(attributes: Attributes, name: AttributeName, value: Attributes[AttributeName]): void {
  (attributes as Record<AttributeName, unknown>)[name] = value;
}
