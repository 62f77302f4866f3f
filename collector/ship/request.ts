import { RESOURCE_ATTRIBUTES } from '../../schemas/generated/registry.ts';
import { varintSize, writeVarint } from '../seal/wire.ts';
import type { Protocol } from './endpoint.ts';
import { jsonOfLeaf } from './json.ts';
import { bytesField, encodeResource, type Resource, textField } from './resource.ts';

/** Semantic conventions the attribute names follow. */
const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.44.0';

const RESOURCE_LOGS_TAG = 0x0a;
const SCOPE_LOGS_TAG = 0x12;
const LOG_RECORD_TAG = 0x12;

/** Makes the body of a request from leaves of the log. */
export interface RequestBuilder {
  build(leaves: readonly Buffer[]): Buffer;
}

export function createRequestBuilder(protocol: Protocol, resource: Resource): RequestBuilder {
  return protocol === 'http/json' ? new JsonRequestBuilder(resource) : new ProtobufRequestBuilder(resource);
}

/**
 * Builds ExportLogsServiceRequests around leaves that are encoded already: one resource, one scope, and the
 * stored bytes of each record unchanged, so that what a receiver gets is what was hashed.
 */
class ProtobufRequestBuilder implements RequestBuilder {
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

/** The same request in OTLP's JSON mapping, written around each leaf's own; a verifier rebuilds the leaf from it. */
class JsonRequestBuilder implements RequestBuilder {
  readonly #before: string;
  readonly #after: string;

  constructor(resource: Resource) {
    const attributes = RESOURCE_ATTRIBUTES.map((key) => ({ key, value: { stringValue: resource[key] } }));
    const scope = { name: 'spoor', version: resource['service.version'] };
    const schemaUrl = JSON.stringify(SCHEMA_URL);
    this.#before = `{"resourceLogs":[{"resource":${JSON.stringify({ attributes })},"scopeLogs":[{"scope":${JSON.stringify(scope)},"logRecords":[`;
    this.#after = `],"schemaUrl":${schemaUrl}}],"schemaUrl":${schemaUrl}}]}`;
  }

  build(leaves: readonly Buffer[]): Buffer {
    return Buffer.from(this.#before + leaves.map(jsonOfLeaf).join(',') + this.#after);
  }
}
