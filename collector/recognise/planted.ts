/** Trees of small files for tests: what an installer would have left, without the agent. */

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';

/** Path to content; a content of `-> target` makes a link, a path that ends in "/" a folder. */
export type Tree = Readonly<Record<string, string>>;

/** Plants the tree below a new folder, which goes with the test. @returns the folder, in which paths begin with "/" */
export function plant(t: TestContext, tree: Tree): string {
  const root = emptyFolder(t);
  grow(root, tree);
  return root;
}

export function grow(root: string, tree: Tree): void {
  for (const [path, content] of Object.entries(tree)) {
    const place = join(root, path);
    if (path.endsWith('/')) {
      mkdirSync(place, { recursive: true });
      continue;
    }
    mkdirSync(dirname(place), { recursive: true });
    if (content.startsWith('-> ')) symlinkSync(content.slice(3), place);
    else writeFileSync(place, content, { mode: 0o755, encoding: 'latin1' });
  }
}

/** An npm package with its programs, and the links that npm puts into a bin folder beside lib. */
export function npmPackage(
  prefix: string,
  name: string,
  version: string,
  bin: Readonly<Record<string, string>>,
): Tree {
  const root = `${prefix}/lib/node_modules/${name}`;
  const tree: Record<string, string> = { [`${root}/package.json`]: JSON.stringify({ name, version, bin }) };
  for (const [command, target] of Object.entries(bin)) {
    tree[`${root}/${target}`] = '#!/usr/bin/env node\n';
    tree[`${prefix}/bin/${command}`] = `-> ../lib/node_modules/${name}/${target}`;
  }
  return tree;
}

/** A Python environment with one distribution and its console scripts, as pipx and uv make them. */
export function pythonEnvironment(
  venv: string,
  name: string,
  version: string,
  scripts: readonly string[],
): Tree {
  const info = `${venv}/lib/python3.12/site-packages/${name.replaceAll('-', '_')}-${version}.dist-info`;
  const tree: Record<string, string> = {
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
    [`${info}/entry_points.txt`]: `[console_scripts]\n${scripts.map((script) => `${script} = main:main`).join('\n')}\n`,
  };
  for (const script of scripts) tree[`${venv}/bin/${script}`] = `#!${venv}/bin/python\n`;
  return tree;
}

/** An editor's extension. */
export function editorExtension(
  extensions: string,
  publisher: string,
  name: string,
  version: string,
  files: readonly string[],
): Tree {
  const root = `${extensions}/${publisher}.${name}-${version}`;
  const tree: Record<string, string> = {
    [`${root}/package.json`]: JSON.stringify({ name, publisher, version, engines: { vscode: '^1.90.0' } }),
  };
  for (const file of files) tree[`${root}/${file}`] = '';
  return tree;
}
