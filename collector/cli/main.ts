/** `spoor`: reads the command line, and says in one line what went wrong. */

import { CommanderError } from 'commander';
import { explain } from './failure.ts';
import { createProgram } from './program.ts';
import { printable, writeAll } from './terminal.ts';

const STDERR = 2;

/** Commander's words in the form of ours: "error: unknown option '--x'\n(Did you mean --y?)". */
function usageText(error: CommanderError): string {
  const text = error.message.replace(/^error: /, '').replace(/\n\((Did you mean .*)\)$/s, '; $1');
  return `${printable(text)}; see: spoor --help`;
}

async function main(): Promise<void> {
  try {
    await createProgram().parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return; // help and version were printed
      process.exitCode = 2;
      // A command that is none by itself: commander printed what could follow it, and that is the whole answer.
      if (error.code === 'commander.help') return;
      writeAll(STDERR, `spoor: ${usageText(error)}\n`);
      return;
    }
    const { text, exitCode } = explain(error);
    writeAll(STDERR, `spoor: ${text}\n`);
    // Not by emptying the event loop: what failed half-way may have left a thread or a timer in it.
    process.exit(exitCode);
  }
}

await main();
