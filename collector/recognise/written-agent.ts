/** The shape of a catalogue as people write it; schemas/agents.schema.json holds it to that. */

import type { AgentKind, UnsafeSetting } from './catalogue.ts';

type Words = readonly string[];

/** An agent as it is written: every key may be missing. */
export interface WrittenAgent {
  readonly name?: string;
  readonly kind?: AgentKind;
  readonly enabled?: boolean;
  readonly commands?: Words;
  readonly weak_commands?: Words;
  readonly modules?: Words;
  readonly paths?: Words;
  readonly weak_paths?: Words;
  readonly app_paths?: Words;
  readonly packages?: Words;
  readonly verbs?: Words;
  readonly arguments?: Words;
  readonly environment?: readonly Readonly<Record<string, string | Words>>[];
  readonly folders?: Words;
  readonly credentials?: Words;
  readonly secret_environment?: Words;
  readonly hosts?: Words;
  readonly ports?: readonly number[];
  readonly unsafe?: {
    readonly arguments?: Words;
    readonly environment?: Readonly<Record<string, string | Words>>;
    readonly settings?: readonly UnsafeSetting[];
  };
  readonly without?: Readonly<Record<string, readonly (string | number)[]>>;
}

export interface WrittenCatalogue {
  readonly agents?: Readonly<Record<string, WrittenAgent>>;
  readonly model_hosts?: Words;
  readonly drop_hosts?: Words;
  readonly developer_credentials?: Words;
  readonly guard_files?: Words;
}
