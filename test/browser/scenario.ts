/** What runs alike in Node and in a browser: programs, replacements under way, a digest. Knows no host. */
import { Kernel, type KernelHost } from '../../src/api/index.ts';

export interface Result {
  readonly output: string;
  readonly digest: string;
  readonly codes: readonly number[];
  readonly modules: readonly string[];
}

const ENV = { PATH: '/usr/local/bin:/usr/bin:/bin:/sbin', HOME: '/root' };
export const SCRIPT = 'echo hi; seq 3 | wc -l; forkbench 4 3';
const DIGEST_SCRIPT = 'echo hi; for i in 1 2 3; do echo $i; done; seq 3 | wc -l; cat';
/** What `cat` reads: three pieces, none of which ends where a read does. */
export const INPUT: readonly string[] = ['one', ' and two\nthr', 'ee\n'];

/** @param hostOf a fresh host for each kernel, with INPUT as its input and its output to `put` */
export async function scenario(hostOf: (put: (bytes: Uint8Array) => void) => KernelHost): Promise<Result> {
  const decoder = new TextDecoder();
  const codes: number[] = [];
  let output = '';
  const put = (bytes: Uint8Array): void => {
    output += decoder.decode(bytes, { stream: true });
  };

  const kernel = await Kernel.boot({ host: hostOf(put) });
  const program = await kernel.spawn(['sh', '-c', SCRIPT], { env: ENV });
  await kernel.replace({ scheduler: 'round-robin', vm: 'primitive' });
  codes.push((await program.exited).code);
  const modules = kernel.modules().map(({ slot, name }) => `${slot}/${name}`);
  await kernel.shutdown();

  const repeatable = await Kernel.boot({
    host: hostOf(put),
    deterministic: true,
    digest: 'full',
    replace: ['scheduler=round-robin@every:50entries'],
    transfer: 'copy',
  });
  const script = await repeatable.spawn(['sh', '-c', DIGEST_SCRIPT], { env: ENV });
  codes.push((await script.exited).code);
  const digest = repeatable.digest();
  await repeatable.shutdown();
  return { output, digest, codes, modules };
}
