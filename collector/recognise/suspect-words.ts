/**
 * Words for the kernel: a program in whose path one of them is a name may be an agent, and is tagged within its exec
 * until the recogniser has judged it (`Sensor.suspect`). Far too many on purpose, never too few: what recognise() takes
 * for an agent by its files or names must hold a word, or its first child could run before the tag.
 *
 * Not covered, and tagged a moment late: a shell that an editor starts with the agent's mark (every shell would be
 * suspect), and a hard link of a known executable under a name that means nothing.
 */

import type { Catalogue } from './catalogue.ts';
import { compileGlob } from './glob.ts';
import { INTERPRETERS } from './interpreter.ts';

/** Minor versions of Python 3 whose interpreters have a name of their own (python3.12). */
const PYTHON_MINORS = Array.from({ length: 40 }, (_, minor) => minor);

export function suspectWords(catalogue: Catalogue): ReadonlySet<string> {
  const words = new Set<string>(INTERPRETERS.keys());
  for (const minor of PYTHON_MINORS)
    for (const name of [`python3.${minor}`, `python3.${minor}t`, `pypy3.${minor}`]) words.add(name);
  for (const agent of catalogue.agents) {
    for (const command of [...agent.commands, ...agent.weakCommands]) words.add(command);
    for (const glob of [...agent.paths, ...agent.weakPaths, ...agent.appPaths]) {
      const { key } = compileGlob(glob);
      if (key !== undefined) words.add(key);
    }
    for (const id of agent.packages) {
      // Native programs of a package lie below its scope or its name in node_modules.
      const [first = ''] = id.startsWith('npm:') ? id.slice('npm:'.length).split('/') : [];
      if (first !== '' && !first.includes('*')) words.add(first);
    }
  }
  return words;
}
