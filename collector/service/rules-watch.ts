/** Tells when rule files change, so that they are in force without a signal. */

import { type FSWatcher, watch } from 'node:fs';

/** After the last change: an editor or a package manager writes several files, and half of them is no set of rules. */
const QUIET_MS = 500;

export interface RulesWatch {
  /** Takes note of a change that another watch saw. */
  soon(): void;
  /** @returns whether a change was seen that nobody was told of yet */
  close(): boolean;
}

/**
 * @param paths files, or folders with all below them
 * @param changed called once for changes that come close together
 * @param trouble called when a path cannot be watched any more; a reload by signal still reads it
 */
export function watchRules(
  paths: readonly string[],
  changed: () => void,
  trouble: (path: string, cause: string) => void,
): RulesWatch {
  const watchers: FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = undefined;
      changed();
    }, QUIET_MS);
  };
  for (const path of paths) {
    try {
      const watcher = watch(path, { recursive: true, persistent: false }, soon);
      watcher.on('error', (error) => trouble(path, error.message));
      watchers.push(watcher);
    } catch (error) {
      trouble(path, error instanceof Error ? error.message : String(error));
    }
  }
  return {
    soon,
    close() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
      return timer !== undefined;
    },
  };
}
