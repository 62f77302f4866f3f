/** Secrets that follow a flag or a word as a word of their own: --token X, mysql -pX, curl -u user:X, echo X | login. */

import { ARGUMENT_END, closing, endOfWord, isSecretValue, openingQuote } from './assignments.ts';
import { findPlaced } from './places.ts';
import { type FlagForm, secretFlags, takesNoValue } from './programs.ts';
import { announcedBy } from './secret-name.ts';
import type { Span } from './span.ts';
import { isNoSecret, isReference, looksRandom } from './value.ts';
import { type Word, wordsOf } from './words.ts';

/** Programs that run the program named after them. */
const WRAPPERS = new Set(
  'sudo doas env nohup nice ionice timeout time exec command xargs setsid stdbuf strace ltrace busybox watch'.split(
    ' ',
  ),
);
/** A program that reads a secret from its standard input, so what is echoed before it in the script is one. */
const READS_SECRET =
  /--password-stdin|--with-token|--with-api-key|--passphrase-fd|\b(?:secret-tool store|pass insert|kinit|smbpasswd)\b|\| *(?:sudo )?(?:passwd|su|ssh-add)(?![\w.-])|anydesk --set-password|-pass(?:in|out)? stdin\b|\bvault login -(?![\w-])|\bop signin\b|--secret-stdin|\bchpasswd\b|\bpasswd --stdin|\bsudo (?:-[A-Za-z]+ )?-[A-Za-z]*S|\bcryptsetup\b|\bsecrets? (?:set|put|create)\b/;
const ECHOES = new Set(['echo', 'printf']);
/** What <<< gives to one of these is a text to work on; of any other program it is what somebody would have typed. */
const TEXT_TOOLS = new Set(
  'awk base64 bc cat column cut dc diff done fmt fold gawk grep egrep fgrep head jq less md5sum node od paste perl python3 read rev sed sha256sum sort tac tail tee tr uniq wc xargs xxd yq'.split(
    ' ',
  ),
);
const SETTING_VERBS = new Set(['set', 'put', 'create', 'add', 'import', 'write']);
/** Options whose value is a command: ssh -o 'ProxyCommand=sshpass -p X ssh host'. */
const COMMAND_OPTION = /^(?:Proxy|Local)Command=(\S+)$/;
/** Words after which a name and its value follow: npm config set NAME VALUE, git config NAME VALUE. */
const SETTERS = /^(?:set|config)$/i;
/** RFC 6750 and its like: the word before a credential. */
const SCHEMES = new Set(['bearer', 'basic', 'token', 'digest', 'apikey']);

export function findFlagged(line: string, isScriptAt: (at: number) => boolean, spans: Span[]): void {
  const words = wordsOf(line, isScriptAt);
  const feedsSecret = READS_SECRET.test(line);
  const begun: Begun[] = [];
  let command = newCommand();
  for (const [index, word] of words.entries()) {
    if (word.beginsCommand) {
      findPlaced(line, command.program, command.words, isScriptAt, spans);
      command = newCommand();
    }
    const inner = word.text.includes('Command=') ? COMMAND_OPTION.exec(word.text)?.[1] : undefined;
    if (inner !== undefined) command = { ...newCommand(), program: baseName(inner) };
    if (!command.program || WRAPPERS.has(command.program)) {
      if (isProgram(word.text)) {
        command.program = baseName(word.text);
        command.words = [];
        begun.push({ from: word.from, program: command.program });
      }
      if (word.beginsCommand) continue;
    }
    if (word.text !== command.program && baseName(word.text) !== command.program) command.words.push(word);
    if (feedsSecret && ECHOES.has(command.program) && isEchoed(word.text)) spans.push(word);
    if (/^secrets?$/.test(word.text)) command.sawSecret = true;
    if (command.sawSecret && SETTING_VERBS.has(word.text)) command.setsSecrets = true;
    const next = words[index + 1];
    if (word.text.startsWith('-')) onFlag(line, word, command, isScriptAt, spans);
    else onWord(word, next, command, isScriptAt, spans);
  }
  findPlaced(line, command.program, command.words, isScriptAt, spans);
  findHereStrings(line, begun, feedsSecret, isScriptAt, spans);
}

/** Where in the line a program's name stands. */
interface Begun {
  readonly from: number;
  readonly program: string;
}

interface Command {
  program: string;
  /** All words but the program. */
  words: Word[];
  /** The word before, when it was no flag. */
  before: string;
  sawSecret: boolean;
  setsSecrets: boolean;
  /** htpasswd -b FILE NAME X, -nb NAME X: which word, counted with the program, holds the password; 0: none. */
  passwordAt: number;
  positionals: number;
}

function newCommand(): Command {
  return {
    program: '',
    words: [],
    before: '',
    sawSecret: false,
    setsSecrets: false,
    passwordAt: 0,
    positionals: 0,
  };
}

/** Not a flag, an assignment or a number: what a wrapper or an assignment leaves to be the program. */
function isProgram(text: string): boolean {
  return !text.startsWith('-') && !/^[A-Za-z_][A-Za-z0-9_]*=/.test(text) && !/^[0-9.]+[smhd]?$/.test(text);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function isGiven(text: string): boolean {
  return !text.startsWith('-') && !isReference(text) && !isNoSecret(text);
}

function isEchoed(text: string): boolean {
  return !/^-[neE]+$/.test(text) && !text.startsWith('%') && !isReference(text) && !isNoSecret(text);
}

function onWord(
  word: Word,
  next: Word | undefined,
  command: Command,
  isScriptAt: (at: number) => boolean,
  spans: Span[],
): void {
  command.positionals += 1;
  const { before } = command;
  command.before = word.text;
  if (command.program === 'htpasswd' && command.positionals === command.passwordAt) spans.push(word);
  if (command.setsSecrets) {
    const sign = word.text.indexOf('=');
    if (sign > 0 && !isNoSecret(word.text.slice(sign + 1)))
      spans.push({ from: word.from + sign + 1, to: word.to });
  }
  if (!next || next.beginsCommand) return;
  // Not in a sentence: git commit -m 'set password policy'.
  const isSet =
    (SETTERS.test(before) || command.program === 'rclone' || isGitConfig(command)) &&
    ((word.isArgument && next.isArgument) || (isScriptAt(word.from) && isScriptAt(next.from)));
  if (isSet && !/=|^set-/.test(word.text) && announcedBy(word.text) === 'certain' && isGiven(next.text))
    spans.push(next);
  if (!looksRandom(next.text)) return;
  // aws configure set aws_secret_access_key X; a single word (grep -r password src) announces nothing.
  const isCompound = /[a-z][A-Z]|[_-]/.test(word.text);
  if (
    SCHEMES.has(word.text.toLowerCase()) ||
    (isCompound && !word.text.includes('=') && announcedBy(word.text) === 'certain')
  )
    spans.push(next);
}

/** git config --global NAME VALUE: flags may stand between. */
function isGitConfig({ program, words }: Command): boolean {
  return program === 'git' && words[0]?.text === 'config';
}

function onFlag(
  line: string,
  word: Word,
  command: Command,
  isScriptAt: (at: number) => boolean,
  spans: Span[],
): void {
  command.before = '';
  if (command.program === 'htpasswd' && /^-[a-zA-Z]*b/.test(word.text))
    command.passwordAt = word.text.includes('n') ? 2 : 3;
  const forms = secretFlags(command.program, command.words);
  if (forms && onProgramFlag(line, word, forms, isScriptAt, spans)) return;
  const name = word.text.replace(/^-{1,2}/, '');
  // --name=value is an assignment.
  if (name.length < 2 || name.includes('=')) return;
  const announced = announcedBy(name);
  if (announced === 'no' || takesNoValue(command.program, word.text)) return;
  const value = valueAfter(line, word, isScriptAt);
  if (value && isSecretValue(line, value, announced, isScriptAt(word.from) && !word.isArgument))
    spans.push(value);
}

function onProgramFlag(
  line: string,
  word: Word,
  forms: Readonly<Record<string, FlagForm>>,
  isScriptAt: (at: number) => boolean,
  spans: Span[],
): boolean {
  for (const [flag, form] of Object.entries(forms)) {
    if (!word.text.startsWith(flag) && !endsCluster(word.text, flag, form)) continue;
    const isGlued = word.text.startsWith(flag) && word.text.length > flag.length;
    if (isGlued && flag.startsWith('--') && word.text[flag.length] !== '=') continue;
    if (!isGlued && form === 'glued') continue;
    if (isGlued && form === 'next') continue;
    const gluedFrom = word.from + flag.length + (word.text[flag.length] === '=' ? 1 : 0);
    const quote = openingQuote(line, gluedFrom);
    const glued = quote
      ? { from: gluedFrom + quote.length, to: closing(line, gluedFrom + quote.length, quote.mark) }
      : { from: gluedFrom, to: word.to };
    const value = isGlued || quote ? glued : valueAfter(line, word, isScriptAt);
    const secret = value && secretPart(line, value, form);
    if (secret && isSecretValue(line, secret, 'certain', isScriptAt(word.from))) spans.push(secret);
    return true;
  }
  return false;
}

/** curl -sSu NAME:X: the last letter of a cluster takes the value. Words with a dash (find -user) are no clusters there. */
function endsCluster(text: string, flag: string, form: FlagForm): boolean {
  return (
    form === 'after_user' &&
    flag.length === 2 &&
    /^-[A-Za-z]{2,6}$/.test(text) &&
    text.endsWith(flag.charAt(1))
  );
}

function secretPart(line: string, value: Span, form: FlagForm): Span | undefined {
  const text = line.slice(value.from, value.to);
  if (form === 'assigned') {
    const equals = text.indexOf('=');
    return equals < 0 ? undefined : { from: value.from + equals + 1, to: value.to };
  }
  if (form === 'userinfo') {
    const found = /^(?:[a-z0-9]+:\/\/)?[^:@/]*:([^@/]+)@/.exec(text)?.[1];
    const from = found === undefined ? -1 : value.from + text.indexOf(`:${found}@`) + 1;
    return found === undefined ? undefined : { from, to: from + found.length };
  }
  if (form === 'cookie') return text.includes('=') ? value : undefined;
  if (form !== 'after_user') return value;
  const sign = text.search(/[:%,]/);
  return sign < 0 ? undefined : { from: value.from + sign + 1, to: value.to };
}

/** What a flag is given: the whole next argument, or the next word or quoted text of a script. */
function valueAfter(line: string, word: Word, isScriptAt: (at: number) => boolean): Span | undefined {
  if (word.isArgument) {
    if (word.to >= line.length) return undefined;
    const from = word.to + 1;
    const end = line.indexOf(ARGUMENT_END, from);
    return flagLess(line, { from, to: end < 0 ? line.length : end });
  }
  let from = word.to;
  while (line[from] === ' ' || line[from] === '\t') from += 1;
  if (from === word.to && !isScriptAt(from)) return undefined;
  const quote = openingQuote(line, from);
  if (quote) return { from: from + quote.length, to: closing(line, from + quote.length, quote.mark) };
  return flagLess(line, { from, to: endOfWord(line, from) });
}

/** What looks like the next flag is no value. */
function flagLess(line: string, span: Span): Span | undefined {
  return /^--?[A-Za-z]/.test(line.slice(span.from, span.from + 3)) ? undefined : span;
}

/** <<< gives a word to the program's standard input. */
function findHereStrings(
  line: string,
  begun: readonly Begun[],
  feedsSecret: boolean,
  isScriptAt: (at: number) => boolean,
  spans: Span[],
): void {
  let program = '';
  let next = 0;
  for (let at = line.indexOf('<<<'); at >= 0; at = line.indexOf('<<<', at + 3)) {
    for (let one = begun[next]; one && one.from < at; one = begun[++next]) program = one.program;
    if (!feedsSecret && !isScriptAt(at)) continue;
    let from = at + 3;
    while (line[from] === ' ') from += 1;
    const quote = openingQuote(line, from);
    const span = quote
      ? { from: from + quote.length, to: closing(line, from + quote.length, quote.mark) }
      : { from, to: endOfWord(line, from) };
    const value = line.slice(span.from, span.to);
    const isText = !feedsSecret && TEXT_TOOLS.has(program) && !looksRandom(value);
    if (!isText && !isNoSecret(value) && !isReference(value)) spans.push(span);
  }
}
