// Makes sensors/linux/generated/layout.ts, the offsets of the boundary (bpf/records.h), from the BTF of the object
// that was really built:  node layout.mjs OBJECT LAYOUT.ts [--check]
// Runs at build time only. What belongs to the boundary says sensor.bpf.c: the types its keep_* variables name.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const [object, target, mode] = process.argv.slice(2);
if (!object || !target) {
  console.error('usage: node layout.mjs OBJECT LAYOUT.ts [--check]');
  process.exit(2);
}

const { types } = JSON.parse(
  execFileSync('bpftool', ['btf', 'dump', 'file', object, '-j'], { maxBuffer: 64 << 20 }),
);
const byId = new Map(types.map((type) => [type.id, type]));

/** Without the names and qualifiers around it. */
function bare(id) {
  const type = byId.get(id);
  return ['TYPEDEF', 'CONST', 'VOLATILE', 'PTR'].includes(type.kind) ? bare(type.type_id) : type;
}

/** Offsets of all members, nested structs as nested objects, from the beginning of the outermost. */
function offsets(struct, from, indent) {
  const lines = [];
  for (const member of struct.members) {
    const at = from + member.bits_offset / 8;
    const type = bare(member.type_id);
    if (type.kind === 'STRUCT')
      lines.push(`${indent}${member.name}: {`, ...offsets(type, at, `${indent}  `), `${indent}},`);
    else lines.push(`${indent}${member.name}: ${at},`);
  }
  return lines;
}

function described(type) {
  const name = type.name.toUpperCase();
  if (type.kind === 'ENUM')
    return [
      `export const ${name} = {`,
      ...type.values.map(({ name, val }) => `  ${name}: ${val},`),
      '} as const;',
      '',
    ];
  return [
    `export const ${name} = {`,
    `  sizeBytes: ${type.size},`,
    ...offsets(type, 0, '  '),
    '} as const;',
    '',
  ];
}

const kept = types
  .filter((type) => type.kind === 'VAR' && type.name.startsWith('keep_'))
  .map((variable) => bare(variable.type_id))
  .sort((a, b) => (a.name < b.name ? -1 : 1));
const text = [
  '// Generated from the BTF of sensor.bpf.o by sensors/linux/layout.mjs. Do not edit.',
  '// Offsets in bytes from the beginning of a record; what the fields mean: sensors/linux/bpf/records.h.',
  '',
  ...kept.flatMap(described),
].join('\n');

const old = existsSync(target) ? readFileSync(target, 'utf8') : '';
if (mode === '--check') {
  if (old !== text) {
    console.error(`${target}: is not the layout of ${object}; run make native and commit it`);
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
