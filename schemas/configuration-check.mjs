// Makes generated/configuration-check.cjs from configuration.schema.json: the check that ajv would compile at each
// start, which loads all of ajv (6 MiB and 65 ms of CPU in a service that then runs for months).
// Runs at build time only:  node schemas/configuration-check.mjs

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';

const here = dirname(fileURLToPath(import.meta.url));
const schema = JSON.parse(readFileSync(join(here, 'configuration.schema.json'), 'utf8'));
const ajv = new Ajv({ allErrors: true, verbose: true, useDefaults: true, code: { source: true } });
// mend: how to write the value, for the message. change: a reload does not reach it. Neither checks anything.
ajv.addVocabulary(['mend', 'change']);
const generated = join(here, 'generated');
mkdirSync(generated, { recursive: true });
writeFileSync(join(generated, 'configuration-check.cjs'), standalone.default(ajv, ajv.compile(schema)));
writeFileSync(
  join(generated, 'configuration-check.d.cts'),
  "import type { ValidateFunction } from 'ajv';\ndeclare const check: ValidateFunction;\nexport = check;\n",
);
