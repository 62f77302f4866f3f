/** The generateContent dialect, as Gemini CLI speaks it. */

import type { ServerResponse } from 'node:http';
import type { Dialect } from './model.ts';
import { shellCall } from './shell-tool.ts';

interface Request {
  readonly contents?: readonly { readonly parts?: readonly { readonly functionResponse?: unknown }[] }[];
  readonly tools?: readonly { readonly functionDeclarations?: readonly { readonly name?: string }[] }[];
  readonly generationConfig?: { readonly responseMimeType?: string };
}

const USAGE = { promptTokenCount: 100, candidatesTokenCount: 20, totalTokenCount: 120 };

/** The path says how the answer is wanted: as one object, or as server-sent events. */
function send(response: ServerResponse, part: object): void {
  const answer = {
    candidates: [{ index: 0, content: { role: 'model', parts: [part] }, finishReason: 'STOP' }],
    usageMetadata: USAGE,
  };
  const isStream = response.req.url?.includes(':streamGenerateContent') === true;
  response.writeHead(200, { 'content-type': isStream ? 'text/event-stream' : 'application/json' });
  response.end(isStream ? `data: ${JSON.stringify(answer)}\n\n` : JSON.stringify(answer));
}

export const generateContent: Dialect = {
  accepts: (path) => /^\/v1(beta)?\/models\/[^/]+:(streamG|g)enerateContent$/.test(path),

  commandsRun(request) {
    const { contents } = request as Request;
    return (contents ?? []).flatMap(({ parts }) => parts ?? []).filter((part) => part.functionResponse)
      .length;
  },

  command(response, request, _step, command) {
    const { tools } = request as Request;
    const names = (tools ?? [])
      .flatMap((tool) => tool.functionDeclarations ?? [])
      .map(({ name }) => name ?? '');
    const call = shellCall(names, command);
    if (!call) return this.closing(response, request, 'A scripted task');
    send(response, { functionCall: { name: call.name, args: call.args } });
  },

  closing(response, request, text) {
    const isJson = (request as Request).generationConfig?.responseMimeType === 'application/json';
    send(response, { text: isJson ? JSON.stringify({ text }) : text });
  },
};
