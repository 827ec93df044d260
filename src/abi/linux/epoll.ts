/**
 * epoll(7): operations, event bits and struct epoll_event. Data.
 *
 * The event bits below EPOLLMSG are those of poll.ts. Source: linux/eventpoll.h.
 */
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;

export const EPOLLEXCLUSIVE = 0x1000_0000;
export const EPOLLWAKEUP = 0x2000_0000;
export const EPOLLONESHOT = 0x4000_0000;
export const EPOLLET = 0x8000_0000;
/** The bits that say how to watch, not for what; as a signed mask. */
export const EPOLL_PRIVATE: number = EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET;

/** struct epoll_event: u32 events; u64 data, aligned on all but x86-64. */
export const EPOLL_EVENT_SIZE = 16;
export const EPOLL_EVENT_EVENTS = 0;
export const EPOLL_EVENT_DATA = 8;
