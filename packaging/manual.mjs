/** Prints spoor(1) as man(7) source. `node packaging/manual.mjs VERSION` */

import { describedCommands } from './commands.mjs';

/** man(7): a backslash begins an escape, a leading dot or apostrophe a request, and a bare hyphen may become a dash. */
function roff(text) {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}

function optionLines({ flags, value, description, initial }) {
  const names = flags.map((flag) => `\\fB${roff(flag)}\\fR`).join(', ');
  return [
    '.TP',
    value ? `${names} \\fI${roff(value.slice(1, -1))}\\fR` : names,
    roff(initial ? `${description} (default: ${initial})` : description),
  ];
}

function commandLines({ path, usage, description, options }) {
  const own = options.filter(({ flags }) => !flags.includes('--help'));
  return [
    `.SS "${roff(path.join(' '))}"`,
    `.B ${roff(usage)}`,
    '.PP',
    roff(description),
    ...own.flatMap(optionLines),
  ];
}

const [version] = process.argv.slice(2);
const [program, ...commands] = describedCommands();
const leaves = commands.filter(({ commands }) => commands.length === 0);

process.stdout.write(
  [
    `.TH SPOOR 1 "" "spoor ${version}" "Spoor"`,
    '.SH NAME',
    'spoor \\- record what AI agents do on an endpoint, as the kernel saw it',
    '.SH SYNOPSIS',
    '.B spoor',
    '.I command',
    '[options]',
    '.SH DESCRIPTION',
    roff(program.description),
    '.PP',
    'As a service it recognises AI agents by themselves and watches each with everything that descends from it;',
    '.B spoor run',
    'watches one command. Every event becomes part of one signed, append\\-only log.',
    '.SH COMMANDS',
    ...leaves.flatMap(commandLines),
    '.SH EXIT STATUS',
    '.TP',
    '0',
    'done',
    '.TP',
    '1',
    'the answer is "no": a verification failed, tests failed',
    '.TP',
    '2',
    'wrong use or bad input; one line names the place and the mend',
    '.TP',
    '3',
    'not possible on this host, and why',
    '.PP',
    '.B spoor run',
    'ends with the exit code of its command.',
    '.SH FILES',
    '.TP',
    '/etc/spoor/spoor.yml',
    "the service's configuration; every key may be left out",
    '.TP',
    '/var/lib/spoor',
    'host key, signed log, delivery positions',
    '.TP',
    '/run/spoor',
    "the service's sockets",
    '.TP',
    '/usr/share/doc/spoor',
    'the pages on events, rules, the log and the configuration',
    '.SH SEE ALSO',
    '.BR systemctl (1),',
    '.BR journalctl (1),',
    '.BR bpftool (8)',
    '',
  ].join('\n'),
);
