/** The commands of `spoor`, as its own parser knows them: what the manual page and the completion are made from. */

import { createProgram } from '../dist/collector/cli/program.js';

/**
 * @typedef {object} Described
 * @property {string[]} path words after `spoor`; none for `spoor` itself
 * @property {string} usage as its --help prints it
 * @property {string} description
 * @property {{ flags: string[], value: string, description: string, initial: string }[]} options
 * @property {string[]} commands names of the commands below it
 */

/** @returns {Described[]} in the order of --help, a command before those below it */
export function describedCommands() {
  return described(createProgram(), []);
}

function described(command, path) {
  const help = command.createHelp();
  const below = command.commands.filter((each) => each.name() !== 'help');
  const own = {
    path,
    usage: help.commandUsage(command),
    description: command.description(),
    options: help.visibleOptions(command).map((option) => ({
      flags: [option.short, option.long].filter(Boolean),
      value: /[<[](.+)[>\]]/.exec(option.flags)?.[0] ?? '',
      description: option.description,
      initial: option.defaultValue === undefined || option.negate ? '' : String(option.defaultValue),
    })),
    commands: below.map((each) => each.name()),
  };
  return [own, ...below.flatMap((each) => described(each, [...path, each.name()]))];
}
