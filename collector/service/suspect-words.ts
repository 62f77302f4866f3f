/** The words of a catalogue by which the kernel tells who may be an AI agent, at exec and before anybody is asked. */

import type { Catalogue } from '../recognise/catalogue.ts';
import { compileGlob } from '../recognise/glob.ts';
import { INTERPRETERS } from '../recognise/interpreter.ts';

/** Minor versions of Python 3 whose interpreters are looked out for by name (python3.11). 3.14 is of 2025. */
const PYTHON_MINORS = 40;

/**
 * File and folder names: every program that the recogniser could take for an agent by its path, its name or its
 * package has one of them in its path, and every interpreter is one. What it takes for an agent by other evidence
 * (a program that an agent's editor starts) is tagged by its process id, after its exec.
 */
export function suspectWords(catalogue: Catalogue): Set<string> {
  const words = new Set<string>(INTERPRETERS.keys());
  for (let minor = 0; minor < PYTHON_MINORS; minor++) words.add(`python3.${minor}`);
  for (const agent of catalogue.agents) {
    for (const command of [...agent.commands, ...agent.weakCommands]) words.add(command);
    for (const source of [...agent.paths, ...agent.weakPaths, ...agent.appPaths]) {
      const { key } = compileGlob(source);
      if (key !== undefined) words.add(key);
    }
    for (const id of agent.packages) {
      const [name] = id.slice(id.indexOf(':') + 1).split('/');
      if (id.startsWith('npm:') && name) words.add(name);
    }
  }
  return words;
}
