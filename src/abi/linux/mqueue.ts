/**
 * POSIX message queues: limits and struct mq_attr. Data.
 *
 * Source: linux/mqueue.h, linux/ipc_namespace.h, mq_overview(7).
 */
/** Priorities are below it. */
export const MQ_PRIO_MAX = 32768;

/** What even CAP_SYS_RESOURCE and /proc/sys/fs/mqueue can not pass. */
export const HARD_MSGMAX = 65536;
export const HARD_MSGSIZEMAX = 16777216;
export const LEAST_MSGSIZEMAX = 128;

/** What the kernel itself keeps for each message of a queue, and for each priority: struct msg_msg and a tree's node. */
export const MESSAGE_OVERHEAD = 48;
export const PRIORITY_OVERHEAD = 48;

/** struct mq_attr: longs. */
export const MQ_ATTR_SIZE = 64;
export const MQ_FLAGS = 0;
export const MQ_MAXMSG = 8;
export const MQ_MSGSIZE = 16;
export const MQ_CURMSGS = 24;

/** What goes to the netlink socket of SIGEV_THREAD: a cookie, whose last byte says what has become of the request. */
export const NOTIFY_COOKIE_LEN = 32;
export const NOTIFY_WOKENUP = 1;
export const NOTIFY_REMOVED = 2;

/** The size of a queue's file. */
export const QUEUE_FILE_SIZE = 80;
