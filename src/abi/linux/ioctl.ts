/**
 * Requests of ioctl(2) that are not a terminal's alone. Data.
 *
 * Source: asm-generic/ioctls.h, linux/fs.h. Terminal requests are in termios.ts.
 */
export const FIONREAD = 0x541b;
export const FIONBIO = 0x5421;
export const FIONCLEX = 0x5450;
export const FIOCLEX = 0x5451;
export const FIOASYNC = 0x5452;
export const FIOQSIZE = 0x5460;
export const FIGETBSZ = 2;
export const FICLONE = 0x4004_9409;
export const FICLONERANGE = 0x4020_940d;
export const FIDEDUPERANGE = 0xc018_9436;
/** Become the controlling terminal; open the slave of a master. */
export const TIOCSCTTY = 0x540e;
export const TIOCGPTPEER = 0x5441;
