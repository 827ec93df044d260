/**
 * Where things lie on an ext2 file system. A table.
 *
 * Source: Linux's Documentation/filesystems/ext2.rst and ext4/*.rst, D. Poirier, "The Second Extended File System". All numbers
 * are little endian.
 */

/** The superblock: 1024 bytes at this place of the disk, whatever the block size. */
export const SUPERBLOCK_AT = 1024;
export const EXT2_MAGIC = 0xef53;

export const SB_INODES = 0;
export const SB_BLOCKS = 4;
export const SB_FREE_BLOCKS = 12;
export const SB_FREE_INODES = 16;
export const SB_FIRST_DATA_BLOCK = 20;
/** Block size is 1024 shifted by this. */
export const SB_LOG_BLOCK_SIZE = 24;
export const SB_BLOCKS_PER_GROUP = 32;
export const SB_INODES_PER_GROUP = 40;
export const SB_MOUNT_TIME = 44;
export const SB_WRITE_TIME = 48;
export const SB_MOUNT_COUNT = 52;
export const SB_MAGIC = 56;
export const SB_STATE = 58;
export const SB_REVISION = 76;
/** From revision 1 on. */
export const SB_FIRST_INODE = 84;
export const SB_INODE_SIZE = 88;
export const SB_COMPATIBLE = 92;
export const SB_INCOMPATIBLE = 96;
export const SB_READ_ONLY_COMPATIBLE = 100;

/** Bits of SB_STATE: it was unmounted properly; errors were found. */
export const STATE_VALID = 1;
export const STATE_ERROR = 2;

/** Features that need not be known: there are extended attributes. */
export const COMPATIBLE_ATTRIBUTES = 8;
/** Features that must be known to mount at all: directory entries have a type. */
export const INCOMPATIBLE_FILETYPE = 2;
/** Features that must be known to write: backups in few groups; files of 2 GiB and more. The third was never used. */
export const RO_SPARSE_SUPER = 1;
export const RO_LARGE_FILE = 2;
export const RO_BTREE_DIR = 4;

/** Of a group descriptor. */
export const GROUP_SIZE = 32;
export const GROUP_BLOCK_BITMAP = 0;
export const GROUP_INODE_BITMAP = 4;
export const GROUP_INODE_TABLE = 8;
export const GROUP_FREE_BLOCKS = 12;
export const GROUP_FREE_INODES = 14;
export const GROUP_DIRECTORIES = 16;

/** Inode numbers. */
export const ROOT_INO = 2;
/** The first one for files where the superblock does not say. */
export const OLD_FIRST_INODE = 11;
export const OLD_INODE_SIZE = 128;

/** Of an inode. */
export const INODE_MODE = 0;
export const INODE_UID = 2;
export const INODE_SIZE = 4;
export const INODE_ATIME = 8;
export const INODE_CTIME = 12;
export const INODE_MTIME = 16;
export const INODE_DTIME = 20;
export const INODE_GID = 24;
export const INODE_LINKS = 26;
/** Of 512 bytes, indirect blocks and attributes included. */
export const INODE_SECTORS = 28;
export const INODE_FLAGS = 32;
export const INODE_BLOCK = 40;
export const INODE_ATTRIBUTES = 104;
/** High half of a regular file's size. */
export const INODE_SIZE_HIGH = 108;
export const INODE_UID_HIGH = 120;
export const INODE_GID_HIGH = 122;

/** The directory has an index by hash, which a change of it must give up. */
export const FLAG_INDEX = 0x1000;

/** Block pointers in an inode: direct ones, then one to a block of pointers, to a block of such, and so once more. */
export const DIRECT_BLOCKS = 12;
export const POINTERS = 15;
/** A target that is shorter lies where the pointers would. */
export const FAST_SYMLINK: number = POINTERS * 4;

/** Of a directory entry; names are padded so that each begins at a multiple of 4. */
export const ENTRY_INODE = 0;
export const ENTRY_LENGTH = 4;
export const ENTRY_NAME_LENGTH = 6;
export const ENTRY_TYPE = 7;
export const ENTRY_NAME = 8;
export const entrySize = (nameLength: number): number => (ENTRY_NAME + nameLength + 3) & ~3;

/** ENTRY_TYPE by S_IF bits shifted right by 12, and back. */
export const ENTRY_TYPES: readonly number[] = [0, 5, 3, 0, 2, 0, 4, 0, 1, 0, 7, 0, 6, 0, 0, 0];
export const TYPE_SHIFT = 12;

/** Of a block of extended attributes. */
export const ATTRIBUTES_MAGIC = 0xea02_0000;
export const ATTRIBUTES_REFERENCES = 4;
export const ATTRIBUTES_BLOCKS = 8;
export const ATTRIBUTES_HASH = 12;
/** Bytes of the header, behind which entries begin; four zeros end them. */
export const ATTRIBUTES_HEADER = 32;

/** Of an entry, behind the length of its name; entries are padded to multiples of 4, as values are. */
export const ATTRIBUTE_CLASS = 1;
export const ATTRIBUTE_VALUE_AT = 2;
export const ATTRIBUTE_VALUE_BLOCK = 4;
export const ATTRIBUTE_VALUE_SIZE = 8;
export const ATTRIBUTE_HASH = 12;
export const ATTRIBUTE_NAME = 16;

export const NAME_MAX = 255;
export const MOST_LINKS = 32000;
