/**
 * Which of the events that a kept watch tells again are in the log already: those that the service before sealed, but
 * had not marked when it ended.
 */

import type { Event } from '../event.ts';
import { readRecords } from '../log/reader.ts';
import { decodeLeaf } from '../log/record.ts';

export interface Told {
  /** True once for each record of the log that says the same. */
  has(event: Event): boolean;
  /** Nothing is told again any more. */
  done(): void;
}

/** @param from first record that may hold such an event */
export async function readTold(directory: string, from: number, to: number): Promise<Told> {
  const counts = new Map<string, number>();
  for await (const stored of readRecords(directory, from, to))
    for (const { leaf } of stored) {
      const { eventName, attributes } = decodeLeaf(leaf);
      const key = keyOf(eventName, attributes);
      if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  return {
    has({ name, attributes }) {
      if (counts.size === 0) return false;
      const key = keyOf(name, attributes as Readonly<Record<string, unknown>>);
      const count = key === undefined ? undefined : counts.get(key);
      if (key === undefined || count === undefined) return false;
      if (count > 1) counts.set(key, count - 1);
      else counts.delete(key);
      return true;
    },
    done: () => counts.clear(),
  };
}

/** One act of one thread at one nanosecond. One record of the kernel can be several events: of several files. */
function keyOf(name: string, attributes: Readonly<Record<string, unknown>>): string | undefined {
  const bootNs = attributes['spoor.event.boot_ns'];
  if (bootNs === undefined) return undefined;
  return [
    name,
    bootNs,
    attributes['process.pid'],
    attributes['thread.id'],
    attributes['file.path'],
    attributes['file.inode'],
    attributes['dns.question.type'],
  ].join(' ');
}
