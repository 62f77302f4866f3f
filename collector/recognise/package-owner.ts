/**
 * Which package a program belongs to, and which version, from the files its package manager left. Nothing is run.
 *
 *   npm         package.json with a name, in a folder above the file
 *   extension   the same, with a publisher: an editor's extension
 *   pypi        *.dist-info beside the environment's site-packages, whose entry points name the script
 *   go          the build information in the executable itself (go-build-info.ts)
 */

import { posix } from 'node:path';
import { LRUCache } from 'lru-cache';
import { goBuildInfo } from './go-build-info.ts';
import type { ProcessFiles } from './process-files.ts';

/** Folders whose package is remembered. About 300 B each, so 1.2 MB; past it the longest unused is looked up again. */
const MAX_FOLDERS = 4_096;

/** How long "no package here" is believed. Found packages are believed as long as their file is unchanged. */
const ABSENT_MS = 10_000;

/** Folders walked up from the file. node_modules below node_modules below ... rarely passes 10. */
const MAX_LEVELS = 16;

export interface PackageOwner {
  /** As the catalogue writes it, such as "npm:@openai/codex". */
  readonly id: string;
  readonly version: string | undefined;
  /** entry: the file is a program of the package. member: some other file of it. */
  readonly role: 'entry' | 'member';
  /** Folder of the package, or the executable itself. */
  readonly root: string;
}

/** Whether a distribution's name, in comparable form, is one to look at. */
type Wanted = (name: string) => boolean;

interface NodePackage {
  readonly id: string;
  readonly version: string | undefined;
  readonly root: string;
  /** Files that the package offers as programs, absolute. */
  readonly entries: ReadonlySet<string>;
  readonly isExtension: boolean;
  readonly stampOfManifest: string;
}

export interface PackageOwners {
  /** The npm package or extension above a file whose links are resolved. */
  ofNodeFile(files: ProcessFiles, realPath: string): PackageOwner | undefined;
  /** The Python distribution that put a console script there, of those that are wanted by name. */
  ofPythonScript(files: ProcessFiles, scriptPath: string, wanted: Wanted): PackageOwner | undefined;
  /** The Python distribution a module comes from, for `python -m`. */
  ofPythonModule(
    files: ProcessFiles,
    interpreterPath: string,
    home: string | undefined,
    wanted: Wanted,
  ): PackageOwner | undefined;
  ofGoExecutable(files: ProcessFiles, realPath: string): PackageOwner | undefined;
}

export function createPackageOwners(nowMs: () => number): PackageOwners {
  const folders = new LRUCache<string, { found: NodePackage | undefined; atMs: number }>({
    max: MAX_FOLDERS,
  });

  function nodePackageAbove(files: ProcessFiles, directory: string): NodePackage | undefined {
    const key = `${files.root}\0${directory}`;
    const known = folders.get(key);
    if (known?.found && known.found.stampOfManifest === manifestStamp(files, known.found.root))
      return known.found;
    if (known && !known.found && nowMs() - known.atMs < ABSENT_MS) return undefined;
    const found = findNodePackage(files, directory);
    folders.set(key, { found, atMs: nowMs() });
    return found;
  }

  return {
    ofNodeFile(files, realPath) {
      const found = nodePackageAbove(files, posix.dirname(realPath));
      if (!found) return undefined;
      // An extension starts its servers by paths of its own choice; no field of its manifest names them.
      const role = found.isExtension || found.entries.has(realPath) ? 'entry' : 'member';
      return { id: found.id, version: found.version, role, root: found.root };
    },
    ofPythonScript(files, scriptPath, wanted) {
      const prefix = posix.dirname(posix.dirname(scriptPath));
      const script = posix.basename(scriptPath);
      for (const site of sitePackagesOf(files, prefix)) {
        for (const found of distributions(files, site, wanted)) {
          const entryPoints = files.readText(`${found.root}/entry_points.txt`) ?? '';
          if (entryPoints.split('\n').some((line) => line.split('=')[0]?.trim() === script)) return found;
        }
      }
      return undefined;
    },
    ofPythonModule(files, interpreterPath, home, wanted) {
      const prefixes = [posix.dirname(posix.dirname(interpreterPath)), '/usr/local', '/usr'];
      if (home) prefixes.splice(1, 0, `${home}/.local`);
      for (const prefix of new Set(prefixes))
        for (const site of sitePackagesOf(files, prefix))
          for (const found of distributions(files, site, wanted)) return found;
      return undefined;
    },
    ofGoExecutable(files, realPath) {
      const info = goBuildInfo((offset, length) => files.readBytes(realPath, offset, length));
      return info && { id: `go:${info.module}`, version: info.version, role: 'entry', root: realPath };
    },
  };
}

function manifestStamp(files: ProcessFiles, root: string): string {
  const stamp = files.stamp(`${root}/package.json`);
  return stamp ? `${stamp.device}:${stamp.inode}:${stamp.changeMs}` : '';
}

function findNodePackage(files: ProcessFiles, directory: string): NodePackage | undefined {
  let folder = directory;
  for (let level = 0; level < MAX_LEVELS && folder !== '/' && folder !== '.'; level++) {
    const text = files.readText(`${folder}/package.json`);
    const found = text === undefined ? undefined : nodePackage(files, folder, text);
    if (found) return found;
    folder = posix.dirname(folder);
  }
  return undefined;
}

/** @returns undefined for a manifest without a name: such files only say `"type": "module"` and belong to the package above */
function nodePackage(files: ProcessFiles, root: string, text: string): NodePackage | undefined {
  const manifest = jsonObject(text);
  const name = manifest?.name;
  if (manifest === undefined || typeof name !== 'string' || name === '') return undefined;
  const { version, publisher, bin, main } = manifest;
  const isExtension = typeof publisher === 'string' && typeof manifest.engines === 'object';
  const targets =
    typeof bin === 'string' ? [bin] : typeof bin === 'object' && bin !== null ? Object.values(bin) : [];
  if (typeof main === 'string') targets.push(main);
  const entries = new Set<string>();
  for (const target of targets) {
    if (typeof target !== 'string') continue;
    const written = posix.resolve(root, target);
    entries.add(files.realPath(written) ?? written);
  }
  return {
    id: isExtension ? `extension:${publisher}.${name}`.toLowerCase() : `npm:${name}`,
    version: typeof version === 'string' ? version : undefined,
    root,
    entries,
    isExtension,
    stampOfManifest: manifestStamp(files, root),
  };
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // A manifest that is no JSON names no package; npm and editors refuse it too.
    return undefined;
  }
}

/** Folders of installed distributions below an environment's prefix (sysconfig's posix_prefix and Debian's). */
function sitePackagesOf(files: ProcessFiles, prefix: string): string[] {
  const sites: string[] = [];
  for (const lib of ['lib', 'lib64']) {
    for (const name of files.list(`${prefix}/${lib}`)) {
      if (!/^python3(\.\d+)?t?$/.test(name)) continue;
      for (const kind of ['site-packages', 'dist-packages']) sites.push(`${prefix}/${lib}/${name}/${kind}`);
    }
  }
  return sites;
}

function* distributions(files: ProcessFiles, site: string, wanted: Wanted): Generator<PackageOwner> {
  for (const folder of files.list(site)) {
    // NAME-VERSION.dist-info; in NAME every "-" is written "_" (binary distribution format, PyPA).
    const found = /^(.+)-([^-]+)\.dist-info$/.exec(folder);
    if (!found) continue;
    const name = pythonName(found[1] as string);
    if (wanted(name))
      yield { id: `pypi:${name}`, version: found[2], role: 'entry', root: `${site}/${folder}` };
  }
}

/** The comparable form of a distribution's name (PEP 503). */
export function pythonName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}
