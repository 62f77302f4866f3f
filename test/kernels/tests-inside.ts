/**
 * Runs test files inside a guest: node --test, but a skipped test is a failed one. A guest was booted to run it;
 * "skipped" there would be a sensor that a stock kernel refuses, reported as success.
 *
 *   node dist/test/kernels/tests-inside.js FILE...
 */

import { once } from 'node:events';
import { run } from 'node:test';
import { tap } from 'node:test/reporters';

const unpassed: string[] = [];
const stream = run({ files: process.argv.slice(2), concurrency: 1 });
stream.on('test:fail', ({ name }) => unpassed.push(`failed: ${name}`));
stream.on('test:pass', ({ name, skip }) => {
  if (skip !== undefined) unpassed.push(`skipped: ${name} (${skip})`);
});
const printed = stream.compose(tap);
printed.pipe(process.stdout, { end: false });
await once(printed, 'end');
for (const line of unpassed) process.stdout.write(`# ${line}\n`);
process.exitCode = unpassed.length === 0 ? 0 : 1;
