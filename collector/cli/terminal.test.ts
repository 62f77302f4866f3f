import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { SPOOR } from '../../test/checkout.ts';
import { NEEDS_ROOT } from '../../test/spoor.ts';
import { paint, printable } from './terminal.ts';

const needsRoot = { skip: NEEDS_ROOT };

/** A person at a terminal: starts a program on a pty, waits for words, types. No step waits for time. */
const PERSON = `
import os, pty, re, signal, sys, termios
def start(*argv):
    global pid, fd, seen
    seen = b''
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(argv[0], argv)
def until(pattern):
    global seen
    while not (match := re.search(pattern.encode(), seen)):
        try: more = os.read(fd, 4096)
        except OSError: more = b''
        if not more: sys.exit('ended before ' + pattern + ': ' + seen.decode(errors='replace'))
        seen += more
    seen = seen[match.end():]
    return match.group().decode()
def type(text): os.write(fd, text.encode())
spoor, state = sys.argv[1:3]
signal.alarm(120) # a word that never comes ends the test instead of holding up all others
`;

function atTerminal(state: string, script: string): string {
  return execFileSync('/usr/bin/python3', ['-c', PERSON + script, SPOOR, state], { encoding: 'utf8' });
}

test(
  'Ctrl-C at the terminal reaches COMMAND once, and ends neither it nor Spoor by itself',
  needsRoot,
  (t) => {
    const command = [
      "n=0; trap 'n=$((n+1)); echo got' INT; trap 'echo interrupts $n; exit 9' TERM",
      'echo ready; while :; do sleep 0.05; done',
    ].join('; ');
    const out = atTerminal(
      join(emptyFolder(t), 'state'),
      `
start(spoor, 'run', '--state', state, '--', 'sh', '-c', ${JSON.stringify(command)})
until('ready'); type('\\x03'); until('got'); os.kill(pid, signal.SIGTERM)
print(until('interrupts [0-9]+')); until('exit code 9')
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`,
    );
    assert.equal(out, 'interrupts 1\n9\n');
  },
);

test('what COMMAND sets on the terminal stays set', needsRoot, (t) => {
  const out = atTerminal(
    join(emptyFolder(t), 'state'),
    `
start('bash', '--norc', '-c', '"$0" run --state "$1" -- stty -echo 2>/dev/null; stty -a', spoor, state)
print(until('-?echo '))
`,
  );
  assert.equal(out, '-echo \n');
});

test('a session is stopped by Ctrl-Z and goes on by fg, as any job', needsRoot, (t) => {
  const out = atTerminal(
    join(emptyFolder(t), 'state'),
    `
os.environ['PS1'] = 'prompt> '
start('bash', '--norc', '-i')
until('prompt> '); type(f"{spoor} run --state {state} -- sh -c 'echo up; read line; echo read $line'\\n")
until('up\\r\\n'); type('\\x1a'); until('Stopped'); until('prompt> ')
type('fg\\n'); until('read line'); type('hello\\n'); print(until('read hello')); until('exit code 0'); until('prompt> ')
type('exit\\n')
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`,
  );
  assert.equal(out, 'read hello\n0\n');
});

test('the report has colour on a terminal, and none where NO_COLOR asks for none', needsRoot, (t) => {
  const script = (command: string) => `
start('sh', '-c', ${JSON.stringify(command)}, spoor, state)
until('findings'); print(until('none|\\x1b|[0-9]').encode())
`;
  const run = '"$0" run --state "$1" -- sh -c "curl -s http://127.0.0.1:1"';
  assert.match(atTerminal(join(emptyFolder(t), 'state'), script(`TERM=xterm ${run}`)), /x1b/);
  assert.doesNotMatch(
    atTerminal(join(emptyFolder(t), 'state'), script(`NO_COLOR=1 TERM=xterm ${run}`)),
    /x1b/,
  );
});

test('text of a session is shown without any character that acts on a terminal', () => {
  assert.equal(printable('a\x1b]0;x\x07b\r\n\t\u202e\u0085'), 'a\\x1b]0;x\\x07b\\x0d\\n\\t\\u202e\\x85');
  assert.equal(printable('caf\u00e9 \u{1f43e} \u65e5'), 'caf\u00e9 \u{1f43e} \u65e5');
  assert.equal(paint('plain').red('x'), 'x');
});
