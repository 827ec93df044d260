/** The page: runs the scenario on the browser host and posts what came of it to its server. */
import { browserHost } from '../../src/host/browser/index.ts';
import { createMachine } from '../../src/machine/machine.ts';
import { Journal } from '../../src/nucleus/journal.ts';
import { INPUT, type Result, scenario } from './scenario.ts';

const post = (body: unknown): Promise<unknown> =>
  fetch('/result', { method: 'POST', body: JSON.stringify(body) });

const inputStream = (): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller): void {
      for (const text of INPUT) controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });

async function main(): Promise<void> {
  let refused = '';
  try {
    browserHost({ assets: '/' }).grant('/home', true);
  } catch (error) {
    refused = String(error);
  }
  const result: Result = await scenario((put) =>
    browserHost({ assets: '/', input: inputStream(), onOutput: (_stream, bytes) => put(bytes) }),
  );
  const confined = await browserHost({ assets: '/' }).loadConfined(
    new TextEncoder().encode('export default { has: typeof document, sum: 1 + 2 };'),
  );
  const machine = createMachine({ memoryBytes: 4096, harts: 1, contexts: 1, engineBytes: 64 }, false);
  const runtime = new Journal(machine);
  const [counted, logged] = [confined.counted(runtime), confined.logged(runtime)];
  await post({ ...result, refused, counted, logged });
}

main().catch((error: unknown) => post({ error: String((error as { stack?: unknown }).stack ?? error) }));
