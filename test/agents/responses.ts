/** The Responses dialect: a turn is answered as server-sent events that end in response.completed. */

import type { ServerResponse } from 'node:http';
import type { Dialect } from './model.ts';

/** How long the agent's tool waits for a command before it hands back what there is so far. */
const COMMAND_WAIT_MS = 120_000;

const USAGE = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 120,
};

interface Item {
  readonly type?: string;
}

function send(response: ServerResponse, id: string, item: object): void {
  const events: object[] = [
    { type: 'response.created', response: { id } },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: { id, usage: USAGE } },
  ];
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  for (const event of events) {
    const { type } = event as { type: string };
    response.write(`event: ${type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
  response.end();
}

export const responses: Dialect = {
  accepts: (path) => path === '/v1/responses',

  commandsRun(request) {
    const { input } = request as { input?: readonly Item[] };
    return (input ?? []).filter((item) => item.type === 'function_call_output').length;
  },

  command(response, _request, step, command) {
    send(response, `resp_${step}`, {
      type: 'function_call',
      id: `fc_${step}`,
      call_id: `call_${step}`,
      name: 'exec_command',
      arguments: JSON.stringify({ cmd: command, yield_time_ms: COMMAND_WAIT_MS }),
    });
  },

  closing(response, _request, text) {
    send(response, 'resp_closing', {
      type: 'message',
      id: 'msg_closing',
      role: 'assistant',
      content: [{ type: 'output_text', text }],
    });
  },
};
