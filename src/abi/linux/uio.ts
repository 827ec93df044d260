/**
 * struct iovec and the limits of vectored and large transfers. Data.
 *
 * Source: linux/uio.h, readv(2), read(2).
 */
export const IOVEC_SIZE = 16;
export const IOVEC_LEN = 8;
export const UIO_MAXIOV = 1024;
/** Most bytes that one call transfers. */
export const MAX_RW_COUNT = 0x7fff_f000;
/** preadv2(2): flags that ask for nothing that is not so anyway. */
export const RWF_HIPRI = 1;
export const RWF_DSYNC = 2;
export const RWF_SYNC = 4;

/** splice(2): MOVE and MORE are hints, GIFT is vmsplice's. */
export const SPLICE_F_NONBLOCK = 2;
export const SPLICE_FLAGS = 0xf;
