/**
 * The kernel in a real browser: the same programs, replacements and digest as on Node.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { nodeHost } from '../../src/host/node/index.ts';
import { bundle, ROOT } from './bundle.ts';
import { INPUT, scenario } from './scenario.ts';

const CHROMIUM = '/usr/bin/chromium';
const PAGE =
  '<!doctype html><meta charset="utf-8"><title>strake</title><script type="module" src="/page.js"></script>';

/** Serve the page and the package's programs. @returns the server, and what the page posts */
function serve(script: string): { server: Server; posted: Promise<Record<string, unknown>> } {
  const { promise, resolve } = withResolvers<Record<string, unknown>>();
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    if (request.method === 'POST') {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        response.end();
        resolve(JSON.parse(body) as Record<string, unknown>);
      });
    } else if (path === '/') {
      response.setHeader('content-type', 'text/html').end(PAGE);
    } else if (path === '/page.js') {
      response.setHeader('content-type', 'text/javascript').end(script);
    } else if (path.startsWith('/userland/')) {
      readFile(join(ROOT, path)).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    } else {
      response.writeHead(404).end();
    }
  });
  return { server, posted: promise };
}

function withResolvers<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: Error) => void;
} {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

async function runInChromium(
  url: string,
  posted: Promise<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const profile = await mkdtemp(join(tmpdir(), 'strake-browser-'));
  const browser = spawn(
    CHROMIUM,
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      url,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  browser.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = withResolvers<never>();
  const closed = new Promise<void>((resolve) => {
    browser.on('close', () => {
      ended.reject(new Error(`chromium ended before the page was done:\n${said}`));
      resolve();
    });
  });
  try {
    return await Promise.race([posted, ended.promise]);
  } finally {
    ended.promise.catch(() => {});
    browser.kill('SIGKILL');
    await closed;
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

const absent = !existsSync(CHROMIUM) && process.env['CI'] === undefined;

test.skipIf(absent)(`in chromium as on Node (${absent ? `no ${CHROMIUM} here` : CHROMIUM})`, async () => {
  const { server, posted } = serve(await bundle('test/browser/page.ts'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  let there: Record<string, unknown>;
  try {
    there = await runInChromium(`http://127.0.0.1:${port}/`, posted);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  const here = await scenario((put) => {
    const stdin = new PassThrough();
    for (const text of INPUT) stdin.write(text);
    stdin.end();
    return nodeHost({ stdin, onOutput: (_stream, bytes) => put(bytes) });
  });

  expect(there['error']).toBeUndefined();
  expect(there['codes']).toEqual([0, 0]);
  // forkbench tells how long it took by the clock, which no two runs share.
  expect(untimed(there['output'])).toBe(untimed(here.output));
  expect(there['output']).toContain('hi\n3\n');
  expect(there['output']).toContain('one and two\nthree\n');
  expect(there['digest']).toBe(here.digest);
  expect(here.digest).toMatch(/^[0-9a-f]{16,}$/);
  expect(there['modules']).toEqual(here.modules);
  expect(there['modules']).toEqual(expect.arrayContaining(['scheduler/round-robin', 'vm/primitive']));
  expect(there['refused']).toContain('not available in a browser');
  for (const which of ['counted', 'logged']) expect(there[which]).toEqual({ has: 'undefined', sum: 3 });
});

const untimed = (output: unknown): string => String(output).replace(/[0-9.]+ ?(ns|us|ms|s)\b/g, 'TIME');
