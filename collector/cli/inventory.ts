import type { Command } from 'commander';
import { defaultStateDirectory } from './state.ts';

/**
 * Registers `spoor inventory`. Exit codes: 0 done, 2 mistakes in the endpoint's own agents, or a state folder that
 * cannot be written.
 */
export function addInventoryCommand(program: Command): void {
  program
    .command('inventory')
    .description('list the AI agents that are installed and running on this host; runs none of them')
    .option('--state <dir>', 'folder in which the last inventory is kept', defaultStateDirectory())
    .option('--agents <file>', "the endpoint's own agents, laid over the catalogue (docs/agents.md)")
    .option('--remember', 'tell what changed since the last remembered inventory, and remember this one')
    .option('--json', 'print one JSON object, with the SHA-256 of each program')
    .action(async (options: { state: string; agents?: string; remember?: true; json?: true }) => {
      const { printInventory } = await import('./inventory-print.ts');
      const { state, agents } = options;
      await printInventory({
        state,
        agents,
        form: options.json ? 'json' : 'text',
        look: options.remember ? 'compare' : 'once',
      });
    });
}
