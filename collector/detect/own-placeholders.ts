/** Placeholders that any rule may use without giving them values; whoever gives them values has his own. */

import { namesOf } from '../enrich/utility-names.ts';

export const OWN_PLACEHOLDERS: ReadonlyMap<string, readonly string[]> = new Map([
  // Programs that move data over the network, as rules compare paths.
  ['TransferUtilities', namesOf('transfer').map((name) => `*/${name}`)],
]);
