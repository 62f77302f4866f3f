import { createHomeOf } from '../recognise/homes.ts';
import { createProcessFiles } from '../recognise/process-files.ts';

/** A user that was added after the service began is found after this; until then the user has no home for us. */
const MIN_INTERVAL_MS = 5_000;

/** Home folder of a user id on this host; read again when somebody unknown is asked about. */
export function createHomes(nowMs: () => number = Date.now): (userId: number) => string | undefined {
  let homeOf = createHomeOf(createProcessFiles(''));
  let readMs = nowMs();
  return (userId) => {
    const home = homeOf(userId);
    if (home !== undefined || nowMs() - readMs < MIN_INTERVAL_MS) return home;
    homeOf = createHomeOf(createProcessFiles(''));
    readMs = nowMs();
    return homeOf(userId);
  };
}
