/** What an interpreter was told to run: the program that matters is its script, not itself. */

export type InterpreterFamily = 'node' | 'bun' | 'deno' | 'python' | 'electron';

/** Interpreters by file name; Python's versions are told by their form (python3.11). */
export const INTERPRETERS: ReadonlyMap<string, InterpreterFamily> = new Map([
  ['node', 'node'],
  ['nodejs', 'node'],
  ['bun', 'bun'],
  ['deno', 'deno'],
  ['python', 'python'],
  ['python2', 'python'],
  ['python3', 'python'],
  ['pypy', 'python'],
  ['pypy3', 'python'],
  ['electron', 'electron'],
  ['code', 'electron'],
  ['code-insiders', 'electron'],
  ['codium', 'electron'],
  ['cursor', 'electron'],
  ['windsurf', 'electron'],
  ['kiro', 'electron'],
  ['antigravity', 'electron'],
] as const);

export const SHELLS: ReadonlySet<string> = new Set([
  'sh',
  'bash',
  'dash',
  'zsh',
  'ksh',
  'fish',
  'ash',
  'busybox',
  'csh',
  'tcsh',
]);

/** Options whose value is the next argument, by family (node --help, python(1), deno run --help, bun --help). */
const OPTIONS_WITH_VALUE: Readonly<Record<InterpreterFamily, ReadonlySet<string>>> = {
  node: new Set([
    '-r',
    '--require',
    '--import',
    '--loader',
    '--experimental-loader',
    '-C',
    '--conditions',
    '--input-type',
    '--title',
    '--icu-data-dir',
    '--openssl-config',
    '--redirect-warnings',
    '--diagnostic-dir',
    '--env-file',
    '--stack-trace-limit',
  ]),
  bun: new Set([
    '-r',
    '--preload',
    '--require',
    '--import',
    '-d',
    '--define',
    '-c',
    '--config',
    '--cwd',
    '--env-file',
  ]),
  deno: new Set([
    '-c',
    '--config',
    '--import-map',
    '--lock',
    '--env-file',
    '--seed',
    '--v8-flags',
    '-L',
    '--log-level',
  ]),
  python: new Set(['-W', '-X', '--check-hash-based-pycs']),
  electron: new Set(['-r', '--require']),
};

/** Words between the interpreter and the script that are neither. */
const SUBCOMMANDS: Readonly<Record<InterpreterFamily, ReadonlySet<string>>> = {
  node: new Set(['inspect']),
  bun: new Set(['run', 'x', '--bun']),
  deno: new Set(['run', 'serve']),
  python: new Set(),
  electron: new Set(),
};

/** Options that bring the program in the command line itself. */
const INLINE = new Set(['-e', '--eval', '-p', '--print', '-pe']);

export interface Interpreted {
  readonly family: InterpreterFamily;
  /** A file, as it was written, or a Python module. */
  readonly kind: 'script' | 'module';
  readonly value: string;
  /** Place of the value in the arguments; the program's own arguments follow it. */
  readonly index: number;
}

export function interpreterFamily(fileName: string): InterpreterFamily | undefined {
  const family = INTERPRETERS.get(fileName);
  if (family) return family;
  return fileName.startsWith('py') && /^(python|pypy)\d(\.\d+)?t?$/.test(fileName) ? 'python' : undefined;
}

/** @returns undefined when the interpreter runs standard input, a line of its own, or nothing */
export function interpreted(family: InterpreterFamily, args: readonly string[]): Interpreted | undefined {
  const withValue = OPTIONS_WITH_VALUE[family];
  let subcommandAllowed = SUBCOMMANDS[family].size > 0;
  for (let index = 1; index < args.length; index++) {
    const arg = args[index] as string;
    if (family === 'python' && /^-[bBdEhiIOPqsSuvx]*m/.test(arg)) return pythonModule(args, index);
    if (family === 'python' && /^-[bBdEhiIOPqsSuvx]*c/.test(arg)) return undefined;
    if (family !== 'python' && INLINE.has(arg)) return undefined;
    if (arg === '-') return undefined;
    if (arg === '--') {
      const script = args[index + 1];
      return script === undefined ? undefined : { family, kind: 'script', value: script, index: index + 1 };
    }
    if (arg.startsWith('-')) {
      if (withValue.has(arg)) index++;
      continue;
    }
    if (subcommandAllowed && SUBCOMMANDS[family].has(arg)) {
      subcommandAllowed = false;
      continue;
    }
    // An editor is given documents far more often than programs.
    if (family === 'electron' && !/\.[cm]?js$/.test(arg)) return undefined;
    return { family, kind: 'script', value: arg, index };
  }
  return undefined;
}

/** `-m module`, `-mmodule`, and flags joined to it such as `-um module`. */
function pythonModule(args: readonly string[], index: number): Interpreted | undefined {
  const arg = args[index] as string;
  const joined = arg.slice(arg.indexOf('m') + 1);
  const value = joined === '' ? args[index + 1] : joined;
  if (value === undefined) return undefined;
  return { family: 'python', kind: 'module', value, index: joined === '' ? index + 1 : index };
}
