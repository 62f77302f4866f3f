/** One AI agent installed on this host. */

import type { AgentKind } from '../recognise/catalogue.ts';

export type InstalledBy = 'npm' | 'pypi' | 'extension' | 'go' | 'deb' | 'installer' | 'unknown';

export interface Installation {
  readonly agent: string;
  readonly name: string;
  readonly kind: AgentKind;
  readonly version: string | undefined;
  readonly package: string | undefined;
  /** The program that starts it: an executable or a script, links resolved; for an extension, its folder. */
  readonly path: string;
  /** Every file that runs as the agent: `path` first, then native programs that the package brings. All are hashed. */
  readonly programs: readonly string[];
  /** Folder of the package or of this version; the program itself where it is all there is. Tells installations apart. */
  readonly root: string;
  /** User in whose home it lies; undefined for the whole host. */
  readonly user: string | undefined;
  readonly installedBy: InstalledBy;
}

/** An installation and what runs of it. */
export interface InventoryRow extends Installation {
  readonly running: readonly { readonly pid: number; readonly user: string | undefined }[];
}
