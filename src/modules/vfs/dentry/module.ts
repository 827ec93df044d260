/**
 * The vfs module `dentry`: names cached as a tree of dentries, as Linux does it.
 *
 * Every path operation walks from the process's root or working directory through cached dentries; what is not cached is
 * looked up. State: `VfsState`. The parts beside this file hold the behaviour; here is the table of operations.
 */
import { O_ASYNC } from '../../../abi/linux/fcntl.ts';
import { superblockOf } from '../../../contracts/filesystem.ts';
import type { Module } from '../../../contracts/module.ts';
import { type Vfs, type VfsState, vfsLayout } from '../../../contracts/vfs.ts';
import * as attributes from './attributes.ts';
import { allocate, punch } from './content.ts';
import { createCore, dentryOf, fileOf, servedBy, typeOf } from './core.ts';
import * as dentries from './dentries.ts';
import { flushDisk } from './disks.ts';
import * as driven from './driven.ts';
import { leaseObject } from './objects.ts';
import * as extended from './extended.ts';
import * as files from './files.ts';
import { list } from './listing.ts';
import * as locks from './locks.ts';
import { openMemory } from './memory-files.ts';
import * as mounts from './mounts.ts';
import * as names from './names.ts';
import { PIPE_STATFS } from './nameless.ts';
import * as opening from './open.ts';
import { permitDentry } from './permission.ts';
import { rename } from './rename.ts';
import * as running from './running.ts';
import * as seals from './seals.ts';
import * as special from './special.ts';

export const dentryVfs: Module<Vfs, VfsState> = {
  manifest: {
    slot: 'vfs',
    name: 'dentry',
    version: '1.0.0',
    contract: 1,
    interfaces: ['extended', 'propagate', 'inode-names', 'memory-files', 'write-counts', 'holes'],
    needs: {
      block: 1,
      buffercache: 1,
      engine: 1,
      frames: 1,
      process: 1,
      pagecache: 1,
      vm: 1,
      ipc: 1,
      net: 1,
      tty: 1,
      filesystem: 1,
    },
    description: 'names in a cache of dentries, contents through the page cache',
  },
  layout: vfsLayout,
  create(state, kernel) {
    const core = createCore(state, kernel);
    return {
      mountRoot: (type, source, options) => mounts.mountRoot(core, type, source, options),
      mountHidden: (type, source, options) => mounts.mountHidden(core, type, source, options),
      mount: (tid, type, source, path, options, readOnly) =>
        mounts.mount(core, tid, type, source, path, options, readOnly),
      remount: (tid, path, readOnly) => mounts.remount(core, tid, path, readOnly),
      propagate: (tid, path) => mounts.propagate(core, tid, path),
      unmount: (tid, path, detach) => mounts.unmount(core, tid, path, detach),
      mounts: () => mounts.mounts(core),
      sync: (sb, last) => mounts.sync(core, sb, last),
      fileSystemOf: (sb) => typeOf(core, sb),
      pinInode(inode) {
        servedBy(core, inode).pin(inode);
        mounts.pinInode(core, superblockOf(inode), 1);
      },
      unpinInode(inode) {
        servedBy(core, inode).unpin(inode);
        mounts.pinInode(core, superblockOf(inode), -1);
      },
      resolve(tid, at, path, follow) {
        const found = attributes.find(core, tid, at, path, follow);
        if (found > 0) dentries.hold(core, found);
        return found;
      },
      holdDentry: (dentry) => dentries.hold(core, dentry),
      releaseDentry: (dentry) => dentries.release(core, dentry),
      pathOf: (dentry, root) => dentries.pathOf(core, dentry, root),
      dentryInode: (dentry) => dentryOf(core, dentry).inode,
      dentryDeleted: (dentry) => dentryOf(core, dentry).deleted,
      nameOf(inode) {
        for (const dentry of state.dentries.values()) if (dentry.inode === inode) return dentry.id;
        return 0;
      },
      punch: (inode, offset, length) => punch(core, inode, offset, length),
      writers: (inode) => running.writersOf(core, inode),
      permitted(tid, id, mask, real) {
        const dentry = dentryOf(core, id);
        const error = servedBy(core, dentry.inode).stat(dentry.inode, core.here);
        return error === 0 ? permitDentry(core, tid, dentry, core.here, mask, real) : error;
      },
      statDentry(dentry, into) {
        const { inode } = dentryOf(core, dentry);
        return servedBy(core, inode).stat(inode, into);
      },
      open: (tid, at, path, flags, mode) => opening.open(core, tid, at, path, flags, mode),
      openDentry: (tid, dentry, flags) => opening.openDentry(core, tid, dentry, flags),
      openPipe: (pipe, reader, writer, flags) => special.openPipe(core, pipe, reader, writer, flags),
      openObject(kind, object, flags) {
        const file = files.addFile(core, kind, flags, null, object);
        leaseObject(core, file);
        return file.id;
      },
      openMemory: (tid, name, mode, flags, seals) => openMemory(core, tid, name, mode, flags, seals),
      seals: (file) => seals.sealsOf(core, fileOf(core, file)),
      seal: (file, more) => seals.seal(core, fileOf(core, file), more),
      openStream: (stream, flags) => special.openStream(core, stream, flags),
      openTerminal: (tid, tty, flags) => special.openTerminal(core, tid, tty, flags),
      make: (tid, at, path, mode, rdev) => names.make(core, tid, at, path, mode, rdev),
      symlink: (tid, target, at, path) => names.symlink(core, tid, target, at, path),
      link: (tid, at, path, toAt, toPath, follow) => names.link(core, tid, at, path, toAt, toPath, follow),
      unlink: (tid, at, path, directory) => names.unlink(core, tid, at, path, directory),
      rename: (tid, at, path, toAt, toPath, flags) => rename(core, tid, at, path, toAt, toPath, flags),
      readlink: (tid, at, path) => names.readlink(core, tid, at, path),
      stat: (tid, at, path, follow, into) => attributes.stat(core, tid, at, path, follow, into),
      access: (tid, at, path, mask, real, follow) =>
        attributes.access(core, tid, at, path, mask, real, follow),
      chmod: (tid, at, path, mode, follow) =>
        attributes.changePath(core, tid, at, path, follow, (dentry) =>
          attributes.changeMode(core, tid, dentry, mode),
        ),
      chown: (tid, at, path, uid, gid, follow) =>
        attributes.changePath(core, tid, at, path, follow, (dentry) =>
          attributes.changeOwner(core, tid, dentry, uid, gid),
        ),
      utimes: (tid, at, path, times, follow) =>
        attributes.changePath(core, tid, at, path, follow, (dentry) =>
          attributes.changeTimes(core, tid, dentry, times),
        ),
      truncate: (tid, at, path, size) => attributes.truncate(core, tid, at, path, size),
      statfs: (tid, at, path) => attributes.statfs(core, tid, at, path),
      file: (file) => fileOf(core, file),
      retain(file) {
        fileOf(core, file).references++;
      },
      release: (file, tgid) => files.release(core, file, tgid),
      read: (tid, file, into, offset) => files.read(core, tid, file, into, offset),
      write: (tid, file, from, skip, offset) => files.write(core, tid, file, from, skip, offset),
      seek: (_tid, file, offset, whence) => files.seek(core, file, offset, whence),
      statFile: (file, into) => attributes.statFile(core, fileOf(core, file), into),
      chmodFile: (tid, file, mode) =>
        attributes.changeFile(core, fileOf(core, file), (dentry) =>
          attributes.changeMode(core, tid, dentry, mode),
        ),
      chownFile: (tid, file, uid, gid) =>
        attributes.changeFile(core, fileOf(core, file), (dentry) =>
          attributes.changeOwner(core, tid, dentry, uid, gid),
        ),
      utimesFile: (tid, file, times) =>
        attributes.changeFile(core, fileOf(core, file), (dentry) =>
          attributes.changeTimes(core, tid, dentry, times),
        ),
      truncateFile: (tid, file, size) => attributes.truncateFile(core, tid, fileOf(core, file), size),
      statfsFile(id) {
        const { inode } = fileOf(core, id);
        return inode === 0 ? PIPE_STATFS : servedBy(core, inode).statfs(superblockOf(inode));
      },
      flush(id) {
        const file = fileOf(core, id);
        const { kind, inode } = file;
        if (kind === 'disk') return flushDisk(core, file);
        return kind === 'regular' || kind === 'directory' ? servedBy(core, inode).flush(inode) : 0;
      },
      allocate: (tid, file, mode, offset, length) =>
        allocate(core, tid, fileOf(core, file), mode, offset, length),
      list: (tid, file, take) => list(core, tid, fileOf(core, file), take),
      setFlags(tid, id, flags, fd) {
        const file = fileOf(core, id);
        const drives = driven.isDrivable(file.kind);
        const was = file.flags;
        files.setFlags(core, id, drives ? flags : flags & ~O_ASYNC);
        if (((was ^ file.flags) & O_ASYNC) === 0) return;
        if ((file.flags & O_ASYNC) !== 0) driven.ownerOf(file).fd = fd;
        driven.watchFile(core, tid, file);
      },
      setOwner(tid, id, kind, owner) {
        const file = fileOf(core, id);
        const { uid, euid } = kernel.process.credentials(tid);
        driven.setOwner(file, owner === 0 ? 'nobody' : kind, owner, uid, euid);
        driven.watchFile(core, tid, file);
      },
      setSignal(file, signal) {
        driven.ownerOf(fileOf(core, file)).signal = signal;
      },
      signalReady: () => driven.signalReady(core),
      ioctl: (tid, file, request, argument) => files.ioctl(core, tid, file, request, argument),
      poll: (tid, file) => files.poll(core, tid, file),
      arm: (tid, file, wanted) => files.arm(core, tid, file, wanted),
      flock: (_tid, file, operation) => locks.flock(core, fileOf(core, file), operation),
      setLock: (tid, file, type, start, end, ofd, wait) =>
        locks.setLock(core, tid, fileOf(core, file), type, start, end, ofd, wait),
      getLock: (tid, file, type, start, end, ofd) =>
        locks.getLock(core, tid, fileOf(core, file), type, start, end, ofd),
      getExtended: (tid, dentry, name) => extended.getExtended(core, tid, dentry, name),
      setExtended: (tid, dentry, name, value, flags) =>
        extended.setExtended(core, tid, dentry, name, value, flags),
      listExtended: (tid, dentry) => extended.listExtended(core, tid, dentry),
    };
  },
};

export default dentryVfs;
