/** Certificates of a throw-away authority, made by openssl in a test's folder. */

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Pair {
  /** Paths of PEM files. */
  readonly certificate: string;
  readonly key: string;
}

export interface Issued {
  /** As openssl's subjectAltName: "IP:127.0.0.1", "DNS:siem.example", "URI:urn:spoor:host:ID". */
  readonly name: string;
  /** Ended yesterday. */
  readonly expired?: true;
}

export interface Authority {
  /** Path of its own certificate. */
  readonly certificate: string;
  issue(file: string, options: Issued): Pair;
}

export function makeAuthority(folder: string, name: string): Authority {
  const own = { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-days', '2', '-subj', `/CN=${name}`, '-keyout', own.key, '-out', own.certificate],
  );
  return {
    certificate: own.certificate,
    issue(file, options) {
      const pair = { certificate: join(folder, `${file}.pem`), key: join(folder, `${file}.key`) };
      const request = join(folder, `${file}.csr`);
      openssl(
        ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
        ...['-subj', `/CN=${file}`, '-keyout', pair.key, '-out', request],
      );
      const extensions = join(folder, `${file}.ext`);
      writeFileSync(extensions, `subjectAltName=${options.name}\nbasicConstraints=CA:FALSE\n`);
      // `x509 -req` takes no dates before 3.4, and a negative number of days ends in the past.
      openssl(
        ...['x509', '-req', '-in', request, '-CA', own.certificate, '-CAkey', own.key, '-CAcreateserial'],
        ...['-days', options.expired ? '-1' : '1', '-extfile', extensions, '-out', pair.certificate],
      );
      return pair;
    },
  };
}

function openssl(...words: string[]): void {
  const run = spawnSync('openssl', words, { encoding: 'utf8' });
  if (run.error) throw run.error;
  if (run.status !== 0) throw new Error(`openssl ${words[0]}: ${run.stderr}`);
}
