/** Standard output of the commands that print what was recorded. */

import { writeAll } from './terminal.ts';

const STDERR = 2;

/** Resolves when the reader can take more. A reader that went away (`| head`) ends the command, and that is no error. */
export async function print(text: string): Promise<void> {
  if (process.stdout.write(text)) return;
  await new Promise<void>((resolve) => process.stdout.once('drain', resolve));
}

/** Call once, before printing. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode);
    writeAll(
      STDERR,
      `spoor: standard output cannot be written (${error.code}); what was printed is not whole\n`,
    );
    process.exit(2);
  });
}
