/**
 * The host as the kernel sees it: requests that complete later, and output.
 *
 * A request names the cell that gets its completion; completions are kernel entries, delivered in the order of the
 * requests. Implemented in src/host/node and src/host/browser. Holds types only.
 */

/** What a host folder entry is. Times in ns since 1970 as seconds and nanoseconds. */
export interface HostStat {
  readonly type: 'file' | 'directory' | 'symlink' | 'other';
  /** Permission bits, 0o7777. */
  readonly mode: number;
  readonly size: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
}

/** Requests; paths are byte strings below a granted folder, without `.`, `..` or a symlink in between. */
export type HostRequest =
  | { readonly kind: 'list'; readonly grant: number; readonly path: string }
  | {
      readonly kind: 'read';
      readonly grant: number;
      readonly path: string;
      readonly offset: number;
      readonly length: number;
    }
  | {
      readonly kind: 'write';
      readonly grant: number;
      readonly path: string;
      readonly offset: number;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'truncate'; readonly grant: number; readonly path: string; readonly size: number }
  | {
      readonly kind: 'create';
      readonly grant: number;
      readonly path: string;
      readonly type: 'file' | 'directory';
      readonly mode: number;
    }
  | { readonly kind: 'symlink'; readonly grant: number; readonly path: string; readonly target: string }
  | { readonly kind: 'link'; readonly grant: number; readonly path: string; readonly target: string }
  | { readonly kind: 'remove'; readonly grant: number; readonly path: string; readonly directory: boolean }
  | { readonly kind: 'rename'; readonly grant: number; readonly path: string; readonly target: string }
  | { readonly kind: 'chmod'; readonly grant: number; readonly path: string; readonly mode: number }
  | {
      readonly kind: 'utimes';
      readonly grant: number;
      readonly path: string;
      readonly mtimeSeconds: number;
      readonly mtimeNanoseconds: number;
    }
  | { readonly kind: 'flush'; readonly grant: number; readonly path: string }
  | { readonly kind: 'input'; readonly stream: number; readonly length: number };

/** What came of a request. `errno` is 0 or negative; the other fields are those of the request's kind. */
export interface HostResult {
  readonly errno: number;
  readonly bytes?: Uint8Array;
  /** `list`: sorted by name; names are byte strings; symlinks come with their targets. */
  readonly entries?: readonly { readonly name: string; readonly stat: HostStat; readonly target?: string }[];
}

export interface Host {
  /**
   * Start a request. @param owner the cell whose `completed` gets the result: a slot, or `filesystem:TYPE`
   * @returns its id. Does not block.
   */
  request(owner: string, request: HostRequest): number;
  /** Send bytes to a host stream: 1 standard output, 2 standard error. The bytes are copied. Leaves when the entry ends. */
  output(stream: number, bytes: Uint8Array): void;
  /** Fill with random bytes; from the seed in deterministic mode. */
  random(into: Uint8Array): void;
}
