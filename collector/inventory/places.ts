/** Where package managers, installers and editors put programs, as patterns with `*` for one folder's every name. */

import { alternatives } from '../recognise/glob.ts';
import type { ProcessFiles } from '../recognise/process-files.ts';

/** Paths one pattern may grow to. A folder of 10,000 projects is cut, which the inventory says. */
const MAX_PATHS = 5_000;

/** Levels that `**` goes down. Installers nest 4 at most (vendor/TRIPLE/bin). */
const MAX_DEPTH = 4;

/** Folders that hold npm packages, below a home (~) or the system. */
export const NPM_FOLDERS: readonly string[] = [
  '/usr/lib/node_modules',
  '/usr/local/lib/node_modules',
  '/opt/*/lib/node_modules',
  '/home/linuxbrew/.linuxbrew/lib/node_modules',
  '~/.npm-global/lib/node_modules',
  '~/.local/lib/node_modules',
  '~/.nvm/versions/node/*/lib/node_modules',
  '~/.volta/tools/image/node/*/lib/node_modules',
  '~/.volta/tools/image/packages/*/lib/node_modules',
  '~/.volta/tools/image/packages/*/*/lib/node_modules',
  '~/.fnm/node-versions/*/installation/lib/node_modules',
  '~/.local/share/fnm/node-versions/*/installation/lib/node_modules',
  '~/.asdf/installs/nodejs/*/lib/node_modules',
  '~/.local/share/mise/installs/node/*/lib/node_modules',
  '~/.bun/install/global/node_modules',
  '~/.local/share/pnpm/global/*/node_modules',
  '~/.config/yarn/global/node_modules',
  '~/.npm/_npx/*/node_modules',
  '~/n/lib/node_modules',
  '~/node_modules',
];

/** Prefixes of Python environments: PREFIX/lib/python3.x/site-packages, PREFIX/bin. */
export const PYTHON_PREFIXES: readonly string[] = [
  '/usr',
  '/usr/local',
  '/opt/pipx/venvs/*',
  '~/.local',
  '~/.local/pipx/venvs/*',
  '~/.local/share/pipx/venvs/*',
  '~/.local/share/uv/tools/*',
];

export const EXTENSION_FOLDERS: readonly string[] = [
  '~/.vscode/extensions',
  '~/.vscode-insiders/extensions',
  '~/.vscode-oss/extensions',
  '~/.vscode-server/extensions',
  '~/.vscode-server-insiders/extensions',
  '~/.cursor/extensions',
  '~/.cursor-server/extensions',
  '~/.windsurf/extensions',
  '~/.windsurf-server/extensions',
  '~/.kiro/extensions',
  '~/.antigravity/extensions',
];

/** Folders whose programs are looked at when their name is an agent's. */
export const PROGRAM_FOLDERS: readonly string[] = [
  '/usr/local/bin',
  '/usr/bin',
  '/opt/*/bin',
  '/home/linuxbrew/.linuxbrew/bin',
  '/snap/bin',
  '~/.local/bin',
  '~/bin',
  '~/go/bin',
  '~/.cargo/bin',
  '~/.bun/bin',
  '~/.deno/bin',
  '~/.docker/cli-plugins',
];

/** The paths that exist for a pattern without `~`: `*`, `?`, `[ab]`, `{a,b}` within a segment, `**` for folders. */
export function expand(files: ProcessFiles, pattern: string): string[] {
  return [...new Set(alternatives(pattern).flatMap((plain) => expandPlain(files, plain)))];
}

function expandPlain(files: ProcessFiles, pattern: string): string[] {
  let found = [''];
  for (const segment of pattern.split('/').slice(1)) {
    found = found.flatMap((folder) => step(files, folder, segment)).slice(0, MAX_PATHS);
    if (found.length === 0) return [];
  }
  return found.filter((path) => files.stamp(path) !== undefined);
}

function step(files: ProcessFiles, folder: string, segment: string): string[] {
  if (segment === '**') return foldersBelow(files, folder, MAX_DEPTH);
  if (!/[*?[<]/.test(segment)) return [`${folder}/${segment}`];
  const matches = segmentMatcher(segment);
  return files
    .list(folder === '' ? '/' : folder)
    .filter(matches)
    .map((name) => `${folder}/${name}`);
}

function foldersBelow(files: ProcessFiles, folder: string, depth: number): string[] {
  const below = [folder];
  if (depth === 0) return below;
  for (const name of files.list(folder)) {
    const path = `${folder}/${name}`;
    if (files.stamp(path)?.isDirectory) below.push(...foldersBelow(files, path, depth - 1));
    if (below.length > MAX_PATHS) break;
  }
  return below;
}

function segmentMatcher(segment: string): (name: string) => boolean {
  const pattern = segment
    .replaceAll('<version>', '*')
    .replace(/[.+^$()|\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  const expression = new RegExp(`^${pattern}$`);
  return (name) => expression.test(name);
}
