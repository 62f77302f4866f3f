import { randomUUID } from 'node:crypto';
import { arch, hostname, release } from 'node:os';
import { RESOURCE_ATTRIBUTES } from '../../schemas/generated/registry.ts';
import { readIfThere } from '../log/files.ts';
import { varintSize, writeText, writeVarint } from '../seal/wire.ts';

/** The OTLP resource: who speaks, from which machine, under which key. All values are strings. */
export type Resource = Readonly<Record<(typeof RESOURCE_ATTRIBUTES)[number], string>>;

/** OpenTelemetry names of what Node calls the architecture (semantic conventions, host.arch). */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', ia32: 'x86' };

/** Drawn once: the id of this run of the collector. */
const INSTANCE_ID = randomUUID();

/** The machine id, 32 hexadecimal digits; the host name where there is none. Has no blanks and no plus sign. */
export function hostId(): string {
  for (const path of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    const id = readIfThere(path)?.toString().trim() ?? '';
    if (/^[0-9a-f]{32}$/.test(id)) return id;
  }
  return hostname().replaceAll(/[^A-Za-z0-9.-]/g, '-');
}

export function describeResource(about: { readonly version: string; readonly keyId: string }): Resource {
  return {
    'service.name': 'spoor',
    'service.version': about.version,
    'service.instance.id': INSTANCE_ID,
    'host.id': hostId(),
    'host.name': hostname(),
    'host.arch': ARCHITECTURES[arch()] ?? arch(),
    'os.type': 'linux',
    'os.version': release(),
    'spoor.key.id': about.keyId,
  };
}

/** The resource as the protobuf message of that name, attributes in canonical order. */
export function encodeResource(resource: Resource): Buffer {
  return Buffer.concat(RESOURCE_ATTRIBUTES.map((name) => bytesField(1, keyValue(name, resource[name]))));
}

/** A length-delimited protobuf field; for the small messages around the records. */
export function bytesField(field: number, content: Buffer): Buffer {
  const whole = Buffer.alloc(1 + varintSize(content.length) + content.length);
  whole[0] = field * 8 + 2;
  content.copy(whole, writeVarint(whole, 1, content.length));
  return whole;
}

export function textField(field: number, text: string): Buffer {
  const content = Buffer.alloc(Buffer.byteLength(text));
  writeText(content, 0, text, content.length);
  return bytesField(field, content);
}

function keyValue(key: string, text: string): Buffer {
  return Buffer.concat([textField(1, key), bytesField(2, textField(1, text))]);
}
