/**
 * The catalogue that came with this Spoor, and the endpoint's own file over it.
 *
 * Our own file was checked when Spoor was built, and is read as the JSON made from it then: parsing its YAML again at
 * every start would cost a quarter of a second, this 2 ms. The YAML parser and the schema are loaded for an overlay only.
 */

import { readFileSync } from 'node:fs';
import type { Catalogue } from './catalogue.ts';
import { joinCatalogue } from './overlay.ts';
import type { WrittenCatalogue } from './written-agent.ts';

const BUILT_FILE = new URL('../../schemas/generated/agents.json', import.meta.url);

/** The catalogue without any file of the endpoint. */
export function ownCatalogue(): Catalogue {
  return joinCatalogue(builtCatalogue());
}

/**
 * @param overlayPath the endpoint's own file
 * @throws BadInput naming file, line, column, value and mend
 */
export async function loadCatalogue(overlayPath: string): Promise<Catalogue> {
  const { readOverlay } = await import('./written-catalogue.ts');
  return joinCatalogue(builtCatalogue(), readOverlay(overlayPath));
}

function builtCatalogue(): WrittenCatalogue {
  // Made by schemas/agents.mjs from agents.yml, which catalogue-file.test.ts holds to its schema.
  return JSON.parse(readFileSync(BUILT_FILE, 'utf8')) as WrittenCatalogue;
}
