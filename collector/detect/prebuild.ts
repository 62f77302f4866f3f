/** Writes what prebuilt.ts reads: node dist/collector/detect/prebuild.js FILE, at the end of a build. */

import { writeFileSync } from 'node:fs';
import { builtinRules, readRuleFiles } from './pack.ts';
import { readPlaceholders } from './placeholder-file.ts';
import { prebuiltText } from './prebuilt.ts';
import { readRules } from './read.ts';

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node dist/collector/detect/prebuild.js FILE');
  process.exit(2);
}
const folder = builtinRules();
const read = readRuleFiles(folder).map((one) => readRules(one.file, one.text, readPlaceholders(folder)));
for (const refusal of read.flatMap(({ refusals }) => refusals)) {
  console.error(String(refusal));
  process.exitCode = 1;
}
if (process.exitCode === undefined)
  writeFileSync(
    file,
    prebuiltText(
      folder,
      read.flatMap(({ rules }) => rules),
    ),
  );
