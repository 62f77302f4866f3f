import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where Spoor keeps its log, key and positions when --state does not say: the system's place for root, else the user's. */
export function defaultStateDirectory(): string {
  if (process.getuid?.() === 0) return '/var/lib/spoor';
  const { XDG_STATE_HOME } = process.env;
  return join(XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'spoor');
}
