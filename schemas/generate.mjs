// Makes the code that follows from the registry: TypeScript types, the encoder's tables, docs/events.md, docs/metrics.md.
// Runs at build time only:  node schemas/generate.mjs [--check]   (--check: fail when a page is stale)

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const here = dirname(fileURLToPath(import.meta.url));
const pages = { 'events.md': eventsPage, 'metrics.md': metricsPage };
const registry = parse(readFileSync(join(here, 'registry.yml'), 'utf8'));

const TYPESCRIPT = {
  string: 'string',
  int: 'number | bigint',
  double: 'number',
  boolean: 'boolean',
  'string[]': 'readonly string[]',
  'int[]': 'readonly number[]',
  bytes: 'Uint8Array',
};
const ORIGINS = ['kernel', 'host', 'collector', 'rule', 'agent'];
const STANDARDS = ['otel', 'ecs', 'spoor'];

function refuse(place, cause) {
  console.error(`schemas/registry.yml: ${place}: ${cause}`);
  process.exit(2);
}

/** Attribute names in the order of their UTF-8 bytes: the canonical order of the encoding (docs/log.md). */
function sorted(names) {
  return [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function attributesOf(event) {
  const fromGroups = event.groups.flatMap((group) => registry.groups[group].attributes);
  return sorted(new Set([...fromGroups, ...event.attributes]));
}

for (const [name, attribute] of Object.entries(registry.attributes)) {
  if (!(attribute.type in TYPESCRIPT)) refuse(name, `unknown type "${attribute.type}"`);
  if (!ORIGINS.includes(attribute.origin)) refuse(name, `unknown origin "${attribute.origin}"`);
  if (!STANDARDS.includes(attribute.standard)) refuse(name, `unknown standard "${attribute.standard}"`);
  if ((attribute.standard === 'spoor') !== name.startsWith('spoor.'))
    refuse(name, 'spoor.* and standard spoor go together');
}
const used = new Set();
for (const [name, event] of Object.entries(registry.events)) {
  for (const group of event.groups) if (!registry.groups[group]) refuse(name, `unknown group "${group}"`);
  for (const attribute of attributesOf(event)) {
    if (!registry.attributes[attribute]) refuse(name, `unknown attribute "${attribute}"`);
    used.add(attribute);
  }
}
for (const attribute of registry.resource.attributes) {
  if (registry.attributes[attribute]?.type !== 'string')
    refuse('resource', `"${attribute}" is no string attribute`);
  if (used.has(attribute)) refuse('resource', `"${attribute}" is an event's attribute too`);
  used.add(attribute);
}
const INSTRUMENTS = ['counter', 'updowncounter', 'gauge'];
for (const [name, metric] of Object.entries(registry.metrics)) {
  if (!INSTRUMENTS.includes(metric.instrument)) refuse(name, `unknown instrument "${metric.instrument}"`);
  if (!/^(s|By|\{[a-z]+\})$/.test(metric.unit)) refuse(name, `unknown unit "${metric.unit}"`);
  for (const attribute of metric.attributes) {
    if (registry.attributes[attribute]?.type !== 'string')
      refuse(name, `"${attribute}" is no string attribute`);
    used.add(attribute);
  }
}
for (const name of Object.keys(registry.attributes))
  if (!used.has(name)) refuse(name, 'no event and no metric uses it');

const DERIVATIONS = /^(command_line|argument \d+|semicolons|sha256|errno_success)$/;
for (const [name, views] of Object.entries(registry.sigma)) {
  if (!registry.events[name]) refuse(`sigma.${name}`, 'no such event');
  for (const { when = {}, fields } of views) {
    const attributes = attributesOf(registry.events[name]);
    for (const attribute of Object.keys(when))
      if (!attributes.includes(attribute))
        refuse(`sigma.${name}.when`, `${name} has no attribute "${attribute}"`);
    for (const [field, source] of Object.entries(fields)) {
      const { from, by, value } = typeof source === 'string' ? { from: source } : source;
      if (value === undefined && !attributes.includes(from))
        refuse(`sigma.${name}.${field}`, `${name} has no attribute "${from}"`);
      if (by !== undefined && !DERIVATIONS.test(by))
        refuse(`sigma.${name}.${field}`, `unknown derivation "${by}"`);
    }
  }
}

/** The views of Sigma as a table: what schemas/registry.yml says under `sigma`, short forms written out. */
function sigmaTable() {
  const lines = [
    'export interface SigmaField {',
    '  readonly from?: AttributeName;',
    '  readonly by?: string;',
    '  readonly value?: string;',
    '}',
    '',
    "/** One log source that an event is shown as; without product it is the host's operating system. */",
    'export interface SigmaView {',
    '  readonly logsource: { readonly category?: string; readonly product?: string; readonly service?: string };',
    '  readonly when: Readonly<Record<string, readonly string[]>>;',
    '  readonly fields: Readonly<Record<string, SigmaField>>;',
    '}',
    '',
    'export const SIGMA: { readonly [Name in EventName]?: readonly SigmaView[] } = {',
  ];
  for (const [name, views] of Object.entries(registry.sigma)) {
    lines.push(`  '${name}': [`);
    for (const { logsource, when = {}, fields } of views) {
      const written = Object.fromEntries(
        Object.entries(fields).map(([field, source]) => [
          field,
          typeof source === 'string' ? { from: source } : source,
        ]),
      );
      lines.push(`    ${JSON.stringify({ logsource, when, fields: written })},`);
    }
    lines.push('  ],');
  }
  lines.push('};', '');
  return lines;
}

/**
 * A metric's name as Prometheus text has it (OpenTelemetry's "Prometheus and OpenMetrics Compatibility"): the unit's
 * word behind the name, _total behind a counter's.
 */
function prometheusName(name, { instrument, unit }) {
  const word = { s: '_seconds', By: '_bytes' }[unit] ?? '';
  return name.replaceAll('.', '_') + word + (instrument === 'counter' ? '_total' : '');
}

function metricsTable() {
  const lines = [
    `export type MetricName =\n${Object.keys(registry.metrics)
      .map((name) => `  | '${name}'`)
      .join('\n')};`,
    '',
    'export interface MetricDefinition {',
    "  readonly instrument: 'counter' | 'updowncounter' | 'gauge';",
    '  readonly unit: string;',
    '  readonly brief: string;',
    '  readonly attributes: readonly AttributeName[];',
    '  /** Its name as Prometheus text has it. */',
    '  readonly prometheus: string;',
    '}',
    '',
    'export const METRICS: { readonly [Name in MetricName]: MetricDefinition } = {',
  ];
  for (const [name, metric] of Object.entries(registry.metrics)) {
    const { instrument, unit, brief, attributes } = metric;
    const written = { instrument, unit, brief, attributes, prometheus: prometheusName(name, metric) };
    lines.push(`  '${name}': ${JSON.stringify(written)},`);
  }
  lines.push('};', '');
  return lines;
}

function typescript() {
  const lines = ['// Generated from schemas/registry.yml by schemas/generate.mjs. Do not edit.', ''];
  const quote = (name) => `'${name}'`;
  lines.push(
    `export type EventName =\n${Object.keys(registry.events)
      .map((name) => `  | ${quote(name)}`)
      .join('\n')};`,
    '',
  );
  lines.push(
    '/** All attributes of all events. An int may be a bigint where it can pass 2^53. */',
    'export interface Attributes {',
  );
  for (const name of sorted(Object.keys(registry.attributes))) {
    const { type, unit, brief } = registry.attributes[name];
    lines.push(
      `  /** ${brief}${unit ? ` [${unit}]` : ''}. */`,
      `  ${quote(name)}?: ${TYPESCRIPT[type]} | undefined;`,
    );
  }
  lines.push('}', '', 'export type AttributeName = keyof Attributes;');
  lines.push(`export type AttributeType = ${Object.keys(TYPESCRIPT).map(quote).join(' | ')};`, '');
  lines.push(
    'export interface AttributeDefinition {',
    '  readonly type: AttributeType;',
    '  readonly secret: boolean;',
    '}',
    '',
  );
  lines.push('export const ATTRIBUTES: { readonly [Name in AttributeName]: AttributeDefinition } = {');
  for (const name of sorted(Object.keys(registry.attributes))) {
    const { type, secret } = registry.attributes[name];
    lines.push(`  ${quote(name)}: { type: ${quote(type)}, secret: ${secret === true} },`);
  }
  lines.push('};', '', 'export interface EventDefinition {', '  readonly severity: string;');
  lines.push(
    '  /** Every attribute the event may carry, in canonical order. */',
    '  readonly attributes: readonly AttributeName[];',
    '}',
    '',
  );
  lines.push('export const EVENTS: { readonly [Name in EventName]: EventDefinition } = {');
  for (const [name, event] of Object.entries(registry.events)) {
    lines.push(`  ${quote(name)}: {`, `    severity: ${quote(event.severity)},`, '    attributes: [');
    for (const attribute of attributesOf(event)) lines.push(`      ${quote(attribute)},`);
    lines.push('    ],', '  },');
  }
  lines.push(
    '};',
    '',
    '/**',
    " * Puts the values of an event's attributes side by side, in canonical order. A function an event, with the names",
    ' * written out: each look-up then sees one shape of object (8 ns a record against 300 by a loop over names).',
    ' */',
    'export const READ_ATTRIBUTES: {',
    '  readonly [Name in EventName]: (attributes: Attributes, into: unknown[]) => void;',
    '} = {',
  );
  for (const [name, event] of Object.entries(registry.events)) {
    lines.push(`  ${quote(name)}: (attributes, into) => {`);
    attributesOf(event).forEach((attribute, at) => {
      lines.push(`    into[${at}] = attributes[${quote(attribute)}];`);
    });
    lines.push('  },');
  }
  lines.push('};', '', '/** Attributes of the OTLP resource, all of them strings, in canonical order. */');
  lines.push('export const RESOURCE_ATTRIBUTES = [');
  for (const attribute of sorted(registry.resource.attributes)) lines.push(`  ${quote(attribute)},`);
  lines.push('] as const satisfies readonly AttributeName[];', '', ...metricsTable(), ...sigmaTable());
  return lines.join('\n');
}

function cell(text) {
  return String(text).replaceAll('|', '\\|');
}

function eventsPage() {
  const table = (names) => {
    lines.push('| attribute | type | meaning | origin | standard |', '|---|---|---|---|---|');
    for (const attribute of names) {
      const { type, unit, brief, origin, standard } = registry.attributes[attribute];
      lines.push(
        `| \`${attribute}\` | ${type}${unit ? `, ${unit}` : ''} | ${cell(brief)} | ${origin} | ${standard} |`,
      );
    }
    lines.push('');
  };
  const lines = [
    '# Events',
    '',
    'Every event that Spoor emits and every attribute it may carry. Generated from `schemas/registry.yml`.',
    'An attribute that is not known is left out, never guessed.',
    '',
    '**origin**: *kernel*, read in the kernel at the act; *host*, read by the collector from `/proc` or the file',
    'system a moment later; *collector*, worked out; *rule*, from the rule that fired; *agent*, said by the AI agent.',
    '**standard**: *otel*, OpenTelemetry semantic conventions 1.44; *ecs*, Elastic Common Schema 9.3; *spoor*, ours.',
    '',
  ];
  for (const [name, event] of Object.entries(registry.events)) {
    lines.push(`## ${name}`, '', event.brief, '');
    if (event.not_seen) lines.push(`**Not seen:** ${event.not_seen}`, '');
    const ocsf = event.ocsf ? ` OCSF class ${event.ocsf.class_uid}, activity ${event.ocsf.activity_id}.` : '';
    lines.push(`Severity: ${event.severity}.${ocsf}`, '');
    table(attributesOf(event));
  }
  lines.push('## The resource', '', registry.resource.brief, '');
  table(sorted(registry.resource.attributes));
  return lines.join('\n');
}

function metricsPage() {
  const lines = [
    '# Metrics of the service',
    '',
    'What `spoor service` measures of itself. Generated from `schemas/registry.yml`.',
    '',
    '**As Prometheus text**, on a socket that only root can open and that gives no answer to a watched process:',
    '`sudo curl --unix-socket /run/spoor/metrics.sock http://spoor/metrics`. Attributes are labels, with `_` for each',
    'dot; `target_info` carries those of the [resource](events.md#the-resource).',
    '',
    '**Over OTLP**, to each receiver of the log beside it, every `metrics.interval` ([configuration](configuration.md)):',
    'cumulative, with the same resource as the log. What cannot be delivered is not kept: the next figures hold it. A',
    'receiver that takes no metrics is not asked again until the next start.',
    '',
    '| metric | instrument | unit | attributes | Prometheus | what it is |',
    '|---|---|---|---|---|---|',
  ];
  for (const [name, metric] of Object.entries(registry.metrics)) {
    const attributes = metric.attributes.map((attribute) => `\`${attribute}\``).join(', ');
    lines.push(
      `| \`${name}\` | ${metric.instrument} | ${metric.unit} | ${attributes} | \`${prometheusName(name, metric)}\` | ${cell(metric.brief)} |`,
    );
  }
  lines.push('');
  return lines.join('\n');
}

const docs = join(here, '..', 'docs');
if (process.argv.includes('--check')) {
  for (const [name, page] of Object.entries(pages))
    if (readFileSync(join(docs, name), 'utf8') !== page())
      refuse(`docs/${name}`, 'is older than the registry; run make build and commit it');
} else {
  mkdirSync(join(here, 'generated'), { recursive: true });
  mkdirSync(docs, { recursive: true });
  writeFileSync(join(here, 'generated', 'registry.ts'), typescript());
  for (const [name, page] of Object.entries(pages)) writeFileSync(join(docs, name), page());
}
