import { varintSize, writeVarint } from '../seal/wire.ts';
import { bytesField, encodeResource, type Resource, textField } from './resource.ts';

/** Semantic conventions the attribute names follow. */
const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.44.0';

const RESOURCE_LOGS_TAG = 0x0a;
const SCOPE_LOGS_TAG = 0x12;
const LOG_RECORD_TAG = 0x12;

/**
 * Builds ExportLogsServiceRequests around leaves that are encoded already: one resource, one scope, and the
 * stored bytes of each record unchanged, so that what a receiver gets is what was hashed.
 */
export class RequestBuilder {
  readonly #resource: Buffer;
  readonly #scope: Buffer;
  readonly #schemaUrl = textField(3, SCHEMA_URL);

  constructor(resource: Resource) {
    this.#resource = bytesField(1, encodeResource(resource));
    const scope = Buffer.concat([textField(1, 'spoor'), textField(2, resource['service.version'])]);
    this.#scope = bytesField(1, scope);
  }

  build(leaves: readonly Buffer[]): Buffer {
    let records = 0;
    for (const leaf of leaves) records += 1 + varintSize(leaf.length) + leaf.length;
    const scopeLogs = this.#scope.length + records + this.#schemaUrl.length;
    const resourceLogs =
      this.#resource.length + 1 + varintSize(scopeLogs) + scopeLogs + this.#schemaUrl.length;
    const request = Buffer.allocUnsafe(1 + varintSize(resourceLogs) + resourceLogs);
    let at = 0;
    const copy = (bytes: Buffer): void => {
      at += bytes.copy(request, at);
    };
    const open = (tag: number, length: number): void => {
      request[at] = tag;
      at = writeVarint(request, at + 1, length);
    };
    open(RESOURCE_LOGS_TAG, resourceLogs);
    copy(this.#resource);
    open(SCOPE_LOGS_TAG, scopeLogs);
    copy(this.#scope);
    for (const leaf of leaves) {
      open(LOG_RECORD_TAG, leaf.length);
      copy(leaf);
    }
    copy(this.#schemaUrl);
    copy(this.#schemaUrl);
    return request;
  }
}
