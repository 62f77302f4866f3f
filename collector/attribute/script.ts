/** Which file does an interpreter run, by its arguments? What its options say otherwise is not known here. */

import type { Program } from './processes.ts';

interface Interpreter {
  readonly names: RegExp;
  /** Options whose value is the script: awk -f FILE. */
  readonly scriptOptions?: readonly string[];
  /** What the first argument that is no option is; a script, where nothing else is said. */
  readonly argument?: 'program text' | 'target';
  /** Options that bring the program text themselves, or the name of a module: no file is named. */
  readonly textOptions: readonly string[];
  /** Options with a value of their own, which is no script. */
  readonly valueOptions: readonly string[];
}

const INTERPRETERS: readonly Interpreter[] = [
  {
    names: /^(?:ba|da|z|k|mk|pdk|a|fi)?sh$|^rbash$/,
    scriptOptions: ['--rcfile', '--init-file'],
    textOptions: ['-c'],
    valueOptions: ['-o', '+o', '-O', '+O'],
  },
  {
    names: /^(?:python|pypy)[\d.]*$/,
    textOptions: ['-c', '-m'],
    valueOptions: ['-W', '-X', '--check-hash-based-pycs'],
  },
  {
    names: /^(?:node|nodejs|bun|deno|tsx|ts-node)$/,
    textOptions: ['-e', '--eval', '-p', '--print', '-pe'],
    valueOptions: ['-r', '--require', '--import', '--loader', '-C', '--conditions'],
  },
  { names: /^perl[\d.]*$/, textOptions: ['-e', '-E'], valueOptions: ['-I'] },
  { names: /^ruby[\d.]*$/, textOptions: ['-e'], valueOptions: ['-I', '-r', '-C'] },
  { names: /^php[\d.]*$/, scriptOptions: ['-f'], textOptions: ['-r'], valueOptions: ['-c', '-d'] },
  { names: /^lua(?:jit)?[\d.]*$/, textOptions: ['-e'], valueOptions: ['-l'] },
  { names: /^(?:tclsh|wish|expect)[\d.]*$/, textOptions: ['-c'], valueOptions: [] },
  {
    names: /^[gm]?awk$/,
    scriptOptions: ['-f', '--file'],
    argument: 'program text',
    textOptions: [],
    valueOptions: ['-F', '-v'],
  },
  {
    names: /^g?make$/,
    scriptOptions: ['-f', '--file', '--makefile'],
    argument: 'target',
    textOptions: [],
    valueOptions: ['-C'],
  },
];

/** `deno run FILE`, `bun run FILE`, `busybox sh FILE`: the word before it is no script either. */
const APPLET_HOSTS = new Set(['deno', 'bun', 'busybox']);

export interface Script {
  /** As the program was given it; undefined when the program reads its standard input. */
  readonly path: string | undefined;
}

/** Undefined when the program is no interpreter, or was given its text in an argument. */
export function scriptOf({ executableName, args }: Program): Script | undefined {
  let name = executableName;
  let at = 1;
  if (name === 'busybox') {
    // Called by an applet's name, or with it as the first argument.
    name = (args[0] ?? '').replace(/^.*\//, '').replace(/^-/, '');
    if (name === 'busybox') name = args[at++] ?? '';
  }
  const interpreter = INTERPRETERS.find(({ names }) => names.test(name));
  if (!interpreter) return undefined;
  if (APPLET_HOSTS.has(name) && args[at] === 'run') at += 1;
  const { scriptOptions = [], argument, textOptions, valueOptions } = interpreter;
  for (; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (scriptOptions.includes(arg)) return { path: args[at + 1] };
    if (textOptions.some((option) => arg === option || isBundled(arg, option))) return undefined;
    if (valueOptions.includes(arg)) at += 1;
    else if (arg === '-' || arg === '-s') return { path: undefined };
    else if (arg === '--') return { path: args[at + 1] };
    else if (!arg.startsWith('-') && !arg.startsWith('+')) return argument ? undefined : { path: arg };
  }
  return argument ? undefined : { path: undefined };
}

/** `sh -ec TEXT`: a letter among others. */
function isBundled(arg: string, option: string): boolean {
  return option.length === 2 && /^-[a-zA-Z]{2,}$/.test(arg) && arg.endsWith(option.slice(1));
}
