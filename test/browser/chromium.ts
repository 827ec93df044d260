/**
 * A page in a headless Chromium: its server, and what it posts.
 */
import { spawn } from 'node:child_process';
import { createReadStream, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { ROOT } from './bundle.ts';

export const CHROMIUM = '/usr/bin/chromium';
/** Where it is missing its tests are skipped, except in CI. */
export const noChromium: boolean = !existsSync(CHROMIUM) && process.env['CI'] === undefined;

const PAGE =
  '<!doctype html><meta charset="utf-8"><title>strake</title><script type="module" src="/page.js"></script>';

export interface Site {
  /** Scripts by their path. */
  readonly scripts: Readonly<Record<string, string>>;
  /** Files of this machine by their path. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface Visit {
  /** What the page posted to /result, which ends the visit. */
  readonly result: Record<string, unknown>;
  /** What it posted elsewhere. */
  readonly posts: ReadonlyMap<string, Buffer>;
}

/** Serve the page, with the package's programs beside it, and have it run until it posts its result. */
export async function visit({ scripts, files = {} }: Site): Promise<Visit> {
  const posts = new Map<string, Buffer>();
  const { promise: posted, resolve } = withResolvers<Record<string, unknown>>();
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.end();
        const body = Buffer.concat(chunks);
        if (path === '/result') resolve(JSON.parse(body.toString()) as Record<string, unknown>);
        else posts.set(path, body);
      });
      return;
    }
    const script = scripts[path];
    const file = files[path] ?? (path.startsWith('/userland/') ? join(ROOT, path) : undefined);
    if (path === '/') response.setHeader('content-type', 'text/html').end(PAGE);
    else if (script !== undefined) response.setHeader('content-type', 'text/javascript').end(script);
    else if (file !== undefined && existsSync(file)) createReadStream(file).pipe(response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  try {
    return { result: await open(`http://127.0.0.1:${port}/`, posted), posts };
  } finally {
    server.closeAllConnections();
    server.close();
  }
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

async function open<T>(url: string, posted: Promise<T>): Promise<T> {
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
