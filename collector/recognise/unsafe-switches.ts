/** Switches in force that take an agent's guards away: from its arguments, and from its settings files. */

import type { Agent, UnsafeSetting } from './catalogue.ts';
import type { ProcessFiles } from './process-files.ts';

/**
 * Unsafe arguments that were given. A switch of two words holds as `--sandbox X` and as `--sandbox=X`; one of one
 * word also as `--yolo=true`, not as `--yolo=false`. What follows a lone `--` is text for the agent, not a switch.
 *
 * @param args the agent's own arguments, without the program (and without the interpreter and its options)
 */
export function unsafeArguments(agent: Agent, args: readonly string[]): string[] {
  if (agent.unsafeArguments.length === 0 || args.length === 0) return [];
  const end = args.indexOf('--');
  const given = end < 0 ? args : args.slice(0, end);
  return agent.unsafeArguments.filter((written) => {
    const space = written.indexOf(' ');
    if (space < 0) return given.some((arg) => arg === written || arg === `${written}=true`);
    const name = written.slice(0, space);
    const value = written.slice(space + 1);
    return given.some(
      (arg, index) => arg === `${name}=${value}` || (arg === name && given[index + 1] === value),
    );
  });
}

/** Unsafe settings in the user's files, shown as "file: key=value". Files that are no JSON set nothing. */
export function unsafeSettings(agent: Agent, home: string, files: ProcessFiles): string[] {
  return agent.unsafeSettings.flatMap((setting) => {
    const path = setting.file.startsWith('~/') ? `${home}/${setting.file.slice(2)}` : setting.file;
    const value = settingValue(setting, files.readText(path));
    return value === undefined ? [] : [`${setting.file}: ${setting.key}=${value}`];
  });
}

function settingValue(setting: UnsafeSetting, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The agent cannot read it either, and then falls back to its own guarded defaults.
    return undefined;
  }
  for (const key of setting.key.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  const found = String(value);
  return setting.values.includes(found) ? found : undefined;
}
