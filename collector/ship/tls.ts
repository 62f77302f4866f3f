import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { SettingError, WatchedFile } from './watched-file.ts';

/** Paths of PEM files. Without `ca` the certificate authorities that Node brings are trusted. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  /** The client's certificate, with those of its issuers behind it, and its private key: both or none. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  /** Name that the receiver's certificate must carry, where it is not the endpoint's host. */
  readonly serverName?: string | undefined;
}

/** The contents, as Node and gRPC take them. */
export interface TlsMaterial {
  readonly ca: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}

/**
 * How a client certificate names the host it was issued to: a URI among its subject's alternative names. Receivers
 * can hold `host.id` of every record against it.
 */
const HOST_URI = /(?:^|, )URI:urn:spoor:host:([^,\s]+)/;

/** The TLS settings of one destination; certificates that were renewed on disk are used without a restart. */
export class Tls {
  readonly serverName: string | undefined;
  readonly #hostId: string;
  readonly #ca: WatchedFile | undefined;
  readonly #certificate: WatchedFile | undefined;
  readonly #key: WatchedFile | undefined;
  #material: TlsMaterial | undefined;

  constructor(files: TlsFiles, hostId: string) {
    this.serverName = files.serverName;
    this.#hostId = hostId;
    this.#ca = files.ca === undefined ? undefined : new WatchedFile(files.ca, 'public');
    this.#certificate =
      files.certificate === undefined ? undefined : new WatchedFile(files.certificate, 'public');
    this.#key = files.key === undefined ? undefined : new WatchedFile(files.key, 'secret');
  }

  /** The same object as long as no file changed. @throws SettingError naming the file and the mend */
  current(): TlsMaterial {
    const ca = this.#ca?.read();
    const certificate = this.#certificate?.read();
    const key = this.#key?.read();
    const known = this.#material;
    if (known && known.ca === ca && known.certificate === certificate && known.key === key) return known;
    const material = { ca, certificate, key };
    this.#check(material);
    this.#material = material;
    return material;
  }

  #check({ ca, certificate, key }: TlsMaterial): void {
    const caPath = this.#ca?.path;
    if (ca !== undefined) certificateIn(ca, caPath ?? '');
    if (certificate === undefined) return;
    const path = this.#certificate?.path ?? '';
    const own = certificateIn(certificate, path);
    const issuedTo = HOST_URI.exec(own.subjectAltName ?? '')?.[1];
    if (issuedTo !== undefined && issuedTo !== this.#hostId)
      throw new SettingError(
        `${path} was issued to host ${issuedTo}, and this is ${this.#hostId}; use this host's own certificate`,
      );
    try {
      createSecureContext({ cert: certificate, key });
    } catch (error) {
      throw new SettingError(
        `${path} and ${this.#key?.path} do not belong together (${(error as Error).message}); use the pair that was issued`,
      );
    }
  }
}

function certificateIn(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new SettingError(`${path} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)`);
  }
}
