/**
 * What a kernel is booted with.
 */
import type { KernelHost } from './host.ts';

/** A host folder in the guest's tree, the ext2 file system of a disk, or a tar archive of the host's, read where it lies. */
export type MountOption = { readonly guest: string; readonly readOnly?: boolean } & (
  | { readonly host: string }
  | { readonly disk: string }
  | { readonly archive: string }
);

/**
 * A disk of the guest, /dev/NAME: over a file of the host, or of so many bytes in guest memory (`ram`) or in the host's
 * (`outside`) that are gone with the kernel. The one named `swap` takes pages that do not fit into guest memory, if the
 * module in slot vm has the interface `paging`.
 */
export type DiskOption = {
  /** A lower-case letter, then such letters and digits; at most 15. */
  readonly name: string;
  readonly readOnly?: boolean;
  /** Transfers take as long as on a disk with one moving head, in guest time. */
  readonly timed?: boolean;
} & ({ readonly file: string } | { readonly ram: number } | { readonly outside: number });

export interface BootOptions {
  readonly host: KernelHost;
  /**
   * A riscv64 root file system, read-only below a RAM overlay: a host folder, or a tar archive if the name ends in .tar,
   * .tar.gz or .tgz. The embedded root where absent.
   */
  readonly root?: string;
  readonly mounts?: readonly MountOption[];
  readonly disks?: readonly DiskOption[];
  /** Guest memory in bytes; 1 GiB unless told. */
  readonly memory?: number;
  /** Most bytes of WebAssembly that an engine which translates keeps, at least 64 KiB; 64 MiB unless told. */
  readonly jitCache?: number;
  /** Slot to module name, or path of a module file, in place of the defaults. */
  readonly modules?: Readonly<Record<string, string>>;
  /** Replacements ahead, each `SLOT=NAME@WHEN`. */
  readonly replace?: readonly string[];
  /** How state goes over at a replacement: by reference, or as bytes. `move` unless told. */
  readonly transfer?: 'move' | 'copy';
  /**
   * Kernel entries for which a module new to its slot serves on probation, so that it can be undone; 1000 unless told, 0 for
   * none. Host: needs the rewritten modules of the package.
   */
  readonly probation?: number;
  /**
   * Feature faults: a call that needs an optional interface which the module in place lacks brings in a module that has it,
   * and is done again, whoever made it. Without this such a call gets Linux's errno.
   */
  readonly onDemand?: boolean;
  /** Virtual time and repeatable random numbers. */
  readonly deterministic?: boolean;
  readonly seed?: number;
  readonly digest?: 'full' | 'output';
  /** Size of the terminal that the host's input and output are; absent if they are none. */
  readonly terminal?: { readonly rows: number; readonly columns: number };
  readonly hostname?: string;
  /** One line for each system call that ends. */
  readonly trace?: (line: string) => void;
  /** Why a module or a planned replacement was refused. */
  readonly log?: (line: string) => void;
}

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Make the terminal its controlling terminal (needs `terminal` at boot); true if there is one. */
  readonly terminal?: boolean;
}

/** How a process ended: by exit code, or by a signal. */
export interface ExitStatus {
  readonly code: number;
  /** 0 if it exited by itself. */
  readonly signal: number;
}

/** What a replacement request asks for: slot to module name or path of a module file. */
export type ReplacementMap = Readonly<Record<string, string>>;
