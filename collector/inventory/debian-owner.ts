/** Which Debian package put a file there, and in which version, from dpkg's own files. */

import type { ProcessFiles } from '../recognise/process-files.ts';

const DPKG = '/var/lib/dpkg';

export interface DebianOwner {
  readonly package: string;
  readonly version: string | undefined;
}

/** Reads each package's list of files; for the handful of agents below /usr that nothing else explains. */
export function debianOwner(files: ProcessFiles, path: string): DebianOwner | undefined {
  for (const name of files.list(`${DPKG}/info`)) {
    if (!name.endsWith('.list')) continue;
    const listed = files.readText(`${DPKG}/info/${name}`);
    if (!listed?.includes(`${path}\n`) || !listed.split('\n').includes(path)) continue;
    // PACKAGE.list, or PACKAGE:ARCHITECTURE.list for packages that several architectures may install.
    const owner = name.slice(0, -'.list'.length).split(':')[0] as string;
    return { package: owner, version: versionOf(files, owner) };
  }
  return undefined;
}

function versionOf(files: ProcessFiles, name: string): string | undefined {
  // The status file of a full desktop has 5 MB, more than a text is read of elsewhere; it is read in parts.
  const status = wholeText(files, `${DPKG}/status`);
  const start = status.indexOf(`Package: ${name}\n`);
  if (start < 0) return undefined;
  const end = status.indexOf('\n\n', start);
  return /^Version: (?:\d+:)?(\S+)$/m.exec(status.slice(start, end < 0 ? undefined : end))?.[1];
}

/** Bytes of dpkg's status read; a host with 10,000 packages has 15 MB, and what lies past it has no version here. */
const MAX_STATUS_BYTES = 32 * 1024 * 1024;

function wholeText(files: ProcessFiles, path: string): string {
  return files.readBytes(path, 0, MAX_STATUS_BYTES)?.toString('utf8') ?? '';
}
