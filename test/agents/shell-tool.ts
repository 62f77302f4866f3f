/** The tool each agent offers its model to run a shell command with, and what it wants to be told. */

const TOOLS: { readonly [name: string]: (command: string) => object } = {
  bash: (command) => ({ command, description: 'scripted step' }),
  run_commands: (command) => ({ commands: [command] }),
  run_shell_command: (command) => ({ command, description: 'scripted step', is_background: false }),
};

/** @returns undefined when none of the tools offered runs commands */
export function shellCall(
  offered: readonly string[],
  command: string,
): { readonly name: string; readonly args: object } | undefined {
  const name = offered.find((tool) => tool in TOOLS);
  const argumentsOf = name === undefined ? undefined : TOOLS[name];
  return name !== undefined && argumentsOf ? { name, args: argumentsOf(command) } : undefined;
}
