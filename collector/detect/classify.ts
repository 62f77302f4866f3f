/** Adds to an event what is known of its file or destination, so that rules and people can ask for it. */

import type { Event, EventName } from '../event.ts';
import type { Catalogue } from '../recognise/catalogue.ts';
import { createDataClasses } from './data-class.ts';
import { createDestinationTypes } from './destination.ts';
import { RESOLVER_ADDRESSES } from './resolvers.ts';

const FILE_EVENTS: ReadonlySet<EventName> = new Set([
  'file.open',
  'file.close',
  'file.create',
  'file.delete',
  'file.rename',
  'file.link',
  'file.attributes',
  'file.truncate',
]);
const FLOW_EVENTS: ReadonlySet<EventName> = new Set(['network.connect', 'network.accept', 'network.close']);

export type Classify = (event: Event) => void;

/** Never overwrites what an earlier stage said. */
export function createClassify(catalogue: Catalogue): Classify {
  const dataClassOf = createDataClasses(catalogue);
  const destinationTypeOf = createDestinationTypes(catalogue);
  return (event) => {
    const { attributes } = event;
    if (FILE_EVENTS.has(event.name)) {
      const path = attributes['file.path'];
      if (path === undefined || attributes['spoor.data.class'] !== undefined) return;
      const found = dataClassOf(path);
      if (!found) return;
      attributes['spoor.data.class'] = found.class;
      if (found.owners.length > 0) attributes['spoor.data.owner'] = found.owners;
    } else if (FLOW_EVENTS.has(event.name)) {
      attributes['spoor.destination.type'] ??= destinationTypeOf(
        attributes['server.address'],
        attributes['network.peer.address'],
      );
    } else if (event.name === 'tls.hello') {
      const address = attributes['network.peer.address'];
      // Port 443 of such an address is asked for nothing else; a plain query goes to port 53, and greets nobody.
      const isResolver = attributes['server.address'] === undefined && RESOLVER_ADDRESSES.has(address ?? '');
      attributes['spoor.destination.type'] ??= isResolver
        ? 'dns_over_https'
        : destinationTypeOf(attributes['server.address'], address);
    } else if (event.name === 'dns.query')
      attributes['spoor.destination.type'] ??= destinationTypeOf(attributes['dns.question.name'], undefined);
  };
}
