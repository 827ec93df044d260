/**
 * What a host gives to a kernel: the nucleus's adapter, and what booting needs besides.
 */
import type { HostAdapter } from '../nucleus/host-port.ts';
import type { Make } from '../nucleus/journal.ts';

export type { Make };

/** What a module file of the embedding program's evaluates to. */
export interface TrustedModule {
  /** Its default export, as it stands. */
  readonly exported: unknown;
  /** Makes the rewritten twin of it that probation needs; null where there can be none. */
  readonly logged: Make | null;
}

export interface KernelHost extends HostAdapter {
  /** Open a host folder for mounting. @returns the grant's number. Throws with a clear message if there is none. */
  grant(folder: string, readOnly: boolean): number;
  /** Open a host file that stands for a disk. Throws with a clear message if it can be none. */
  grantFile(file: string, readOnly: boolean): { readonly grant: number; readonly size: number };
  /**
   * Open a host file that is read as an archive; one that gzip compressed is unpacked. Rejects with a clear message if it can
   * not be.
   */
  grantArchive(file: string): Promise<{ readonly grant: number; readonly size: number }>;
  /** Room for a disk of so many bytes in the host's memory, gone with the kernel. @returns the grant's number */
  grantMemory(bytes: number): number;
  /** A file that the embedding program names: a module, or a program for `--host-program`. */
  readFile(path: string): Promise<Uint8Array>;
  /** Evaluate a module file that the embedding program named: its own code, with all that such code may do. */
  loadModule(image: Uint8Array): Promise<TrustedModule>;
  /** A file that ships with the package, by its path in it. */
  asset(name: string): Promise<Uint8Array>;
  /** Fill each read of standard input up, so that a run does not depend on how it arrives. */
  fillInput(on: boolean): void;
  /** The kernel has ended: let go of input. */
  close(): void;
}
