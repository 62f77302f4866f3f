/**
 * A model server on loopback that plays a script: the agent is real, only what it is told to do is written down.
 *
 * Which step is next follows from the conversation the agent sends (it sends the whole of it each time), not from
 * a counter here: an agent that repeats a request, or asks something on the side, does not skip a step.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chatCompletions } from './chat-completions.ts';
import { generateContent } from './generate-content.ts';
import { responses } from './responses.ts';

export interface Script {
  /** Shell commands, one a turn, in order. */
  readonly commands: readonly string[];
  /** What the model says when the last command has run. */
  readonly closing: string;
}

/** One way of talking to a model: which requests it answers, and how. */
export interface Dialect {
  accepts(path: string): boolean;
  /** How many commands of the script the conversation already holds the output of. */
  commandsRun(request: unknown): number;
  command(response: ServerResponse, request: unknown, step: number, command: string): void;
  closing(response: ServerResponse, request: unknown, text: string): void;
}

export interface Model {
  /** Base URL up to and including /v1. */
  readonly baseUrl: string;
  readonly port: number;
  /** Bodies of the requests for a turn, as sent, in order. */
  readonly turns: readonly unknown[];
  stop(): Promise<void>;
}

const DIALECTS: readonly Dialect[] = [responses, chatCompletions, generateContent];

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

export async function startModel(script: Script): Promise<Model> {
  const turns: unknown[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://model').pathname;
    const dialect = DIALECTS.find((candidate) => candidate.accepts(path));
    if (!dialect || request.method !== 'POST') {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ error: { message: `the scripted model has no ${request.method} ${path}` } }),
      );
      return;
    }
    const turn: unknown = JSON.parse(await bodyOf(request));
    turns.push(turn);
    const step = dialect.commandsRun(turn);
    const command = script.commands[step];
    if (command === undefined) dialect.closing(response, turn, script.closing);
    else dialect.command(response, turn, step, command);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((failure: unknown) => {
      // The agent shows what it was answered, and the test shows the agent's output.
      response.writeHead(500, { 'content-type': 'text/plain' });
      response.end(`scripted model: ${String(failure)}`);
    });
  });
  const port = await listening(server);
  return {
    port,
    baseUrl: `http://127.0.0.1:${port}/v1`,
    turns,
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
