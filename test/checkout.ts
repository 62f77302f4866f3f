/** Where the checkout is: tests run from dist/, and find sources, programs and bin/spoor from here. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

function nearestPackage(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  if (dirname(from) === from) throw new Error(`no package.json above ${import.meta.dirname}`);
  return nearestPackage(dirname(from));
}

export const CHECKOUT = nearestPackage(import.meta.dirname);
export const SPOOR = join(CHECKOUT, 'bin/spoor');
