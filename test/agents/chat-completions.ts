/** The chat completions dialect, as Qwen Code, Copilot CLI, OpenCode and Cline speak it: streamed chunks, then [DONE]. */

import type { ServerResponse } from 'node:http';
import type { Dialect } from './model.ts';
import { shellCall } from './shell-tool.ts';

interface Request {
  readonly model?: string;
  readonly stream?: boolean;
  readonly messages?: readonly { readonly role?: string }[];
  readonly tools?: readonly { readonly function?: { readonly name?: string } }[];
}

const USAGE = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };

function send(response: ServerResponse, request: Request, id: string, message: object, reason: string): void {
  const about = { id, created: 1_700_000_000, model: request.model ?? 'scripted' };
  if (request.stream !== true) {
    const choices = [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: reason }];
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...about, object: 'chat.completion', choices, usage: USAGE }));
    return;
  }
  const chunk = (delta: object, finish: string | null, usage?: object) =>
    `data: ${JSON.stringify({
      ...about,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, finish_reason: finish }],
      ...(usage && { usage }),
    })}\n\n`;
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.write(chunk({ role: 'assistant', ...message }, null));
  response.write(chunk({}, reason, USAGE));
  response.end('data: [DONE]\n\n');
}

export const chatCompletions: Dialect = {
  accepts: (path) => path === '/v1/chat/completions',

  commandsRun(request) {
    const { messages } = request as Request;
    return (messages ?? []).filter(({ role }) => role === 'tool').length;
  },

  command(response, request, step, command) {
    const asked = request as Request;
    const call = shellCall(
      (asked.tools ?? []).map((tool) => tool.function?.name ?? ''),
      command,
    );
    // A question on the side, for a title or a summary, offers no tool to run anything with.
    if (!call) return this.closing(response, request, 'A scripted task');
    const { name, args } = call;
    const made = {
      index: 0,
      id: `call_${step}`,
      type: 'function',
      function: { name, arguments: JSON.stringify(args) },
    };
    send(response, asked, `chat_${step}`, { content: null, tool_calls: [made] }, 'tool_calls');
  },

  closing(response, request, text) {
    send(response, request as Request, 'chat_closing', { content: text }, 'stop');
  },
};
