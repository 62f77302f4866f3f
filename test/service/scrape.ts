/** What a running service answers on its metrics socket, as Prometheus would get it. */

import { request } from 'node:http';
import { join } from 'node:path';

export function scrape(runtime: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socketPath = join(runtime, 'metrics.sock');
    const sent = request({ socketPath, path: '/metrics' }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve(text);
    });
    sent.on('error', reject);
    sent.end();
  });
}
