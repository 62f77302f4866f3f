// Makes schemas/generated/agents.json from schemas/agents.yml, so that no start of Spoor parses YAML for it.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const here = dirname(fileURLToPath(import.meta.url));
mkdirSync(join(here, 'generated'), { recursive: true });
const catalogue = parse(readFileSync(join(here, 'agents.yml'), 'utf8'));
writeFileSync(join(here, 'generated', 'agents.json'), JSON.stringify(catalogue));
