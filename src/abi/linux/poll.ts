/**
 * poll(2) event bits and the layouts of struct pollfd and fd_set. Data.
 *
 * Source: asm-generic/poll.h, linux/posix_types.h.
 */
export const POLLIN = 0x0001;
export const POLLPRI = 0x0002;
export const POLLOUT = 0x0004;
export const POLLERR = 0x0008;
export const POLLHUP = 0x0010;
export const POLLNVAL = 0x0020;
export const POLLRDNORM = 0x0040;
export const POLLRDBAND = 0x0080;
export const POLLWRNORM = 0x0100;
export const POLLWRBAND = 0x0200;
export const POLLMSG = 0x0400;
export const POLLREMOVE = 0x1000;
export const POLLRDHUP = 0x2000;

/** struct pollfd: int fd; short events; short revents. */
export const POLLFD_SIZE = 8;
export const POLLFD_FD = 0;
export const POLLFD_EVENTS = 4;
export const POLLFD_REVENTS = 6;

/** What each set of select(2) asks for (Linux's POLLIN_SET, POLLOUT_SET, POLLEX_SET). */
export const SELECT_READ: number = POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR;
export const SELECT_WRITE: number = POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR;
export const SELECT_EXCEPT: number = POLLPRI;
