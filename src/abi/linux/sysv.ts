/**
 * System V IPC: flags, commands, limits and the layouts that are written to user memory. Data.
 *
 * Source: asm-generic/ipcbuf.h, asm-generic/sembuf.h, asm-generic/shmbuf.h, linux/shm.h, linux/ipc.h, linux/sem.h.
 */
export const IPC_PRIVATE = 0;
export const IPC_CREAT = 0o1000;
export const IPC_EXCL = 0o2000;
export const IPC_NOWAIT = 0o4000;

export const IPC_RMID = 0;
export const IPC_SET = 1;
export const IPC_STAT = 2;
export const IPC_INFO = 3;

/** struct ipc64_perm */
export const PERM_SIZE = 48;
export const PERM_KEY = 0;
export const PERM_UID = 4;
export const PERM_GID = 8;
export const PERM_CUID = 12;
export const PERM_CGID = 16;
export const PERM_MODE = 20;
export const PERM_SEQ = 24;

export const SEM_UNDO = 0x1000;
export const GETPID = 11;
export const GETVAL = 12;
export const GETALL = 13;
export const GETNCNT = 14;
export const GETZCNT = 15;
export const SETVAL = 16;
export const SETALL = 17;
export const SEM_STAT = 18;
export const SEM_INFO = 19;
export const SEM_STAT_ANY = 20;

/** The highest value of a semaphore. */
export const SEMVMX = 32767;

/** struct sembuf: sem_num, sem_op, sem_flg */
export const SEMBUF_SIZE = 6;
/** struct semid64_ds */
export const SEMID_DS_SIZE = 88;
export const SEMID_DS_OTIME = 48;
export const SEMID_DS_CTIME = 56;
export const SEMID_DS_NSEMS = 64;
/** struct seminfo: ten ints */
export const SEMINFO_SIZE = 40;

export const MSG_NOERROR = 0o10000;
export const MSG_EXCEPT = 0o20000;
export const MSG_COPY = 0o40000;
export const MSG_STAT = 11;
export const MSG_INFO = 12;
export const MSG_STAT_ANY = 13;

/** struct msqid64_ds */
export const MSQID_DS_SIZE = 120;
export const MSQID_DS_STIME = 48;
export const MSQID_DS_RTIME = 56;
export const MSQID_DS_CTIME = 64;
export const MSQID_DS_CBYTES = 72;
export const MSQID_DS_QNUM = 80;
export const MSQID_DS_QBYTES = 88;
export const MSQID_DS_LSPID = 96;
export const MSQID_DS_LRPID = 100;
/** struct msginfo: seven ints and an unsigned short */
export const MSGINFO_SIZE = 32;

export const SHM_RDONLY = 0o10000;
export const SHM_RND = 0o20000;
export const SHM_REMAP = 0o40000;
export const SHM_EXEC = 0o100000;
/** Of shmget. */
export const SHM_HUGETLB = 0o4000;
/** Of `mode`. */
export const SHM_DEST = 0o1000;
export const SHM_LOCKED = 0o2000;
export const SHM_LOCK = 11;
export const SHM_UNLOCK = 12;
export const SHM_STAT = 13;
export const SHM_INFO = 14;
export const SHM_STAT_ANY = 15;

/** Least size of a segment. */
export const SHMMIN = 1;
/** Places for objects of a kind, however high their limit is set. */
export const IPCMNI = 32768;

/** struct shmid64_ds */
export const SHMID_DS_SIZE = 112;
export const SHMID_DS_SEGSZ = 48;
export const SHMID_DS_ATIME = 56;
export const SHMID_DS_DTIME = 64;
export const SHMID_DS_CTIME = 72;
export const SHMID_DS_CPID = 80;
export const SHMID_DS_LPID = 84;
export const SHMID_DS_NATTCH = 88;
/** struct shminfo64: shmmax, shmmin, shmmni, shmseg, shmall and four more longs */
export const SHMINFO_SIZE = 72;
/** struct shm_info: an int, then total, resident and swapped pages and two counts as longs */
export const SHM_INFO_SIZE = 48;
