/**
 * Finds the AI agents installed on a host by their files alone: nothing is ever run.
 *
 * Packages are found where package managers keep them, single programs by the catalogue's paths, and programs with an
 * agent's name in the usual folders are asked of the recogniser, exactly as if they were being started.
 */

import { posix } from 'node:path';
import type { Agent, Catalogue } from '../recognise/catalogue.ts';
import { compileGlob } from '../recognise/glob.ts';
import { type Home, homesOf } from '../recognise/homes.ts';
import { createMatcher, type Matcher } from '../recognise/matcher.ts';
import { pythonName } from '../recognise/package-owner.ts';
import type { ProcessFiles } from '../recognise/process-files.ts';
import { createRecogniser, type Recogniser } from '../recognise/recognise.ts';
import { debianOwner } from './debian-owner.ts';
import type { Installation, InstalledBy } from './installation.ts';
import { EXTENSION_FOLDERS, expand, NPM_FOLDERS, PROGRAM_FOLDERS, PYTHON_PREFIXES } from './places.ts';

interface Search {
  readonly files: ProcessFiles;
  readonly catalogue: Catalogue;
  readonly matcher: Matcher;
  readonly recogniser: Recogniser;
  readonly homes: readonly Home[];
  readonly found: Installation[];
}

/** @returns installations in the order of agent, then path */
export function findInstalled(catalogue: Catalogue, files: ProcessFiles): Installation[] {
  const search: Search = {
    files,
    catalogue,
    matcher: createMatcher(catalogue),
    // The process that asks is ours: its environment must not speak for what it looks at.
    recogniser: createRecogniser({ catalogue, files: () => ({ ...files, environment: () => undefined }) }),
    homes: homesOf(files),
    found: [],
  };
  findNpm(search);
  findPython(search);
  findExtensions(search);
  findByPath(search);
  findByName(search);
  return search.found.sort(
    (left, right) => compare(left.agent, right.agent) || compare(left.path, right.path),
  );
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Each pattern for the system, or once for each home. */
function* places(
  search: Search,
  patterns: readonly string[],
): Generator<{ path: string; home: Home | undefined }> {
  for (const pattern of patterns) {
    if (!pattern.startsWith('~/')) {
      for (const path of expand(search.files, pattern)) yield { path, home: homeAround(search, path) };
      continue;
    }
    for (const home of search.homes)
      for (const path of expand(search.files, `${home.path}/${pattern.slice(2)}`)) yield { path, home };
  }
}

function homeAround(search: Search, path: string): Home | undefined {
  return search.homes.find((home) => path.startsWith(`${home.path}/`));
}

/** Adds unless the installation, or one around it, is there already. */
function add(
  search: Search,
  agent: Agent,
  rest: Omit<Installation, 'agent' | 'name' | 'kind' | 'user' | 'programs'>,
  home: Home | undefined,
  nativePrograms: readonly string[] = [],
): void {
  const index = search.found.findIndex(
    (known) =>
      known.agent === agent.id &&
      (rest.root === known.root ||
        known.programs.includes(rest.path) ||
        rest.root.startsWith(`${known.root}/`)),
  );
  const known = search.found[index];
  if (!known) {
    const programs = [...new Set([rest.path, ...nativePrograms])];
    search.found.push({
      agent: agent.id,
      name: agent.name,
      kind: agent.kind,
      user: home?.userName,
      programs,
      ...rest,
    });
  } else if (rest.root === known.root && !known.programs.includes(rest.path)) {
    // One version's folder holds several programs; the one with the agent's name starts it.
    const isNamed = agent.commands.includes(posix.basename(rest.path));
    const programs = isNamed ? [rest.path, ...known.programs] : [...known.programs, rest.path];
    search.found[index] = { ...known, path: programs[0] ?? known.path, programs };
  }
}

function findNpm(search: Search): void {
  const { files, matcher } = search;
  for (const { path: folder, home } of places(search, NPM_FOLDERS)) {
    for (const first of files.list(folder)) {
      const names = first.startsWith('@')
        ? files.list(`${folder}/${first}`).map((second) => `${first}/${second}`)
        : [first];
      for (const name of names) {
        const agent = matcher.byPackage(`npm:${name}`)[0];
        if (!agent) continue;
        // Links of pnpm and `npm link` lead to the package itself.
        const root = files.realPath(`${folder}/${name}`) ?? `${folder}/${name}`;
        const manifest = manifestOf(files, root);
        if (!manifest) continue;
        const path = files.realPath(posix.join(root, binOf(manifest, agent) ?? 'package.json')) ?? root;
        add(
          search,
          agent,
          { version: wordOf(manifest, 'version'), package: `npm:${name}`, path, root, installedBy: 'npm' },
          home,
          nativePrograms(search, agent, name, folder, root),
        );
      }
    }
  }
}

/** Native programs in the package itself and in the packages for this platform that it brings or npm puts beside it. */
function nativePrograms(search: Search, agent: Agent, name: string, folder: string, root: string): string[] {
  const { files, matcher } = search;
  const names = `{${[...agent.commands, ...agent.weakCommands].join(',')}}`;
  const platformPackages = [folder, `${root}/node_modules`].flatMap((packages) =>
    files.list(packages).flatMap((first) => {
      const found = first.startsWith('@')
        ? files.list(`${packages}/${first}`).map((second) => `${first}/${second}`)
        : [first];
      return found
        .filter(
          (other) =>
            other !== name &&
            (other.startsWith(`${name}-`) || matcher.byPackage(`npm:${other}`).includes(agent)),
        )
        .map((other) => `${packages}/${other}`);
    }),
  );
  return [
    ...expand(files, `${root}/bin/${names}`),
    ...platformPackages.flatMap((path) => expand(files, `${path}/**/${names}`)),
  ]
    .filter((path) => files.stamp(path)?.isFile)
    .map((path) => files.realPath(path) ?? path);
}

function findPython(search: Search): void {
  const { files, matcher } = search;
  for (const { path: prefix, home } of places(search, PYTHON_PREFIXES)) {
    for (const lib of ['lib', 'lib64']) {
      for (const site of [
        ...expand(files, `${prefix}/${lib}/python3*/site-packages`),
        ...expand(files, `${prefix}/${lib}/python3*/dist-packages`),
      ]) {
        for (const folder of files.list(site)) {
          const [, name, version] = /^(.+)-([^-]+)\.dist-info$/.exec(folder) ?? [];
          if (name === undefined) continue;
          const id = `pypi:${pythonName(name)}`;
          const agent = matcher.byPackage(id)[0];
          if (!agent) continue;
          const root = `${site}/${folder}`;
          const path = consoleScript(files, root, prefix, agent) ?? root;
          add(search, agent, { version, package: id, path, root, installedBy: 'pypi' }, home);
        }
      }
    }
  }
}

/** The console script with an agent's name, else the first. */
function consoleScript(
  files: ProcessFiles,
  distInfo: string,
  prefix: string,
  agent: Agent,
): string | undefined {
  const text = files.readText(`${distInfo}/entry_points.txt`) ?? '';
  const section = text.split(/^\[/m).find((part) => part.startsWith('console_scripts]')) ?? '';
  const scripts = section
    .split('\n')
    .slice(1)
    .flatMap((line) => (line.includes('=') ? [(line.split('=')[0] as string).trim()] : []));
  const script =
    scripts.find((name) => agent.commands.includes(name) || agent.weakCommands.includes(name)) ?? scripts[0];
  return script === undefined ? undefined : files.realPath(`${prefix}/bin/${script}`);
}

function findExtensions(search: Search): void {
  const { files, matcher } = search;
  for (const { path: folder, home } of places(search, EXTENSION_FOLDERS)) {
    for (const name of files.list(folder)) {
      // Only folders named PUBLISHER.NAME-VERSION hold extensions; the manifest decides, the folder's name spares reading.
      if (!name.includes('.')) continue;
      const root = `${folder}/${name}`;
      const manifest = manifestOf(files, root);
      if (!manifest) continue;
      const id = `extension:${wordOf(manifest, 'publisher')}.${wordOf(manifest, 'name')}`.toLowerCase();
      const agent = matcher.byPackage(id)[0];
      if (agent)
        add(
          search,
          agent,
          { version: wordOf(manifest, 'version'), package: id, path: root, root, installedBy: 'extension' },
          home,
        );
    }
  }
}

/** Programs at paths that only one agent has. */
function findByPath(search: Search): void {
  const { files, catalogue } = search;
  for (const agent of catalogue.agents) {
    for (const source of [...agent.paths, ...agent.appPaths]) {
      if (source.startsWith('**/')) continue;
      const glob = compileGlob(source);
      for (const { path, home } of places(search, [source])) {
        if (!files.stamp(path)?.isFile) continue;
        // A launcher's link leads to the version in use; the version itself is found by its own pattern.
        const real = files.realPath(path) ?? path;
        const version = glob.match(path) || undefined;
        const root = version === undefined ? real : rootOfVersion(path, version);
        add(search, agent, { ...facts(search, real, version), path: real, root }, home);
      }
    }
  }
}

/** The folder named after the version, with all its programs one installation. */
function rootOfVersion(path: string, version: string): string {
  const segment = path.split('/').findIndex((part) => part.includes(version));
  return path
    .split('/')
    .slice(0, segment + 1)
    .join('/');
}

/** Programs with an agent's name: they are what the recogniser says they are. */
function findByName(search: Search): void {
  const { files, matcher, recogniser, catalogue } = search;
  for (const { path: folder, home } of places(search, PROGRAM_FOLDERS)) {
    for (const name of files.list(folder)) {
      if (matcher.byCommand(name).length === 0) continue;
      const real = files.realPath(`${folder}/${name}`);
      if (real === undefined || !files.stamp(real)?.isFile) continue;
      const interpreter = interpreterOf(files, real);
      const called = `${folder}/${name}`;
      const recognition = recogniser.recognise({
        pid: process.pid,
        executable: interpreter ?? real,
        calledPath: called,
        args: interpreter === undefined ? [name] : [interpreter, called],
        workingDirectory: folder,
        home: home?.path,
      });
      const agent = recognition?.verdict === 'agent' ? catalogue.agent(recognition.agent) : undefined;
      if (!recognition || !agent) continue;
      const known = facts(search, real, recognition.version);
      add(
        search,
        agent,
        { ...known, package: recognition.package ?? known.package, path: real, root: recognition.root },
        home,
      );
    }
  }
}

/** Version, package and installer of a program that no package manager of a language put there. */
function facts(
  search: Search,
  path: string,
  version: string | undefined,
): { version: string | undefined; package: string | undefined; installedBy: InstalledBy } {
  const isSystem = /^\/(?:usr|opt)\/(?!local\/)/.test(path);
  const owner = isSystem ? debianOwner(search.files, path) : undefined;
  if (owner)
    return { version: version ?? owner.version, package: `deb:${owner.package}`, installedBy: 'deb' };
  // Electron applications keep their manifest in resources/app beside the executable.
  const manifest = manifestOf(search.files, `${posix.dirname(path)}/resources/app`);
  return {
    version: version ?? (manifest && wordOf(manifest, 'version')),
    package: undefined,
    installedBy: 'installer',
  };
}

/** Interpreter of a script by its first line; `/usr/bin/env node` is node. */
function interpreterOf(files: ProcessFiles, path: string): string | undefined {
  const line = files.readBytes(path, 0, 256)?.toString('latin1').split('\n')[0] ?? '';
  const [, first, second] = /^#!\s*(\S+)(?:\s+(?:-\S+\s+)*(\S+))?/.exec(line) ?? [];
  if (first === undefined) return undefined;
  return posix.basename(first) === 'env' && second !== undefined ? `/usr/bin/${second}` : first;
}

function manifestOf(files: ProcessFiles, folder: string): Record<string, unknown> | undefined {
  const text = files.readText(`${folder}/package.json`);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Half-written by an install that is under way: the next look finds it whole.
    return undefined;
  }
}

function wordOf(manifest: Record<string, unknown>, key: string): string | undefined {
  const value = manifest[key];
  return typeof value === 'string' ? value : undefined;
}

function binOf(manifest: Record<string, unknown>, agent: Agent): string | undefined {
  const { bin } = manifest;
  if (typeof bin === 'string') return bin;
  if (typeof bin !== 'object' || bin === null) return wordOf(manifest, 'main');
  const programs = Object.entries(bin as Record<string, unknown>);
  const own =
    programs.find(([name]) => agent.commands.includes(name) || agent.weakCommands.includes(name)) ??
    programs[0];
  return typeof own?.[1] === 'string' ? own[1] : undefined;
}
