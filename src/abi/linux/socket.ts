/**
 * socket(2), its options and messages, and the layouts of their structs. A table.
 *
 * Source: linux/socket.h, asm-generic/socket.h, linux/in.h, linux/tcp.h, linux/un.h.
 */
export const AF_UNSPEC = 0;
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
/** Families have numbers below this. */
export const AF_MAX = 46;

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_SEQPACKET = 5;
export const SOCK_TYPE_MASK = 0xf;
/** Types have numbers below this. */
export const SOCK_MAX = 11;

export const IPPROTO_IP = 0;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_IPV6 = 41;
export const IPPROTO_UDPLITE = 136;
export const IPPROTO_MAX = 263;

export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;

export const SOMAXCONN = 4096;

export const SOL_SOCKET = 1;
export const SO_DEBUG = 1;
export const SO_REUSEADDR = 2;
export const SO_TYPE = 3;
export const SO_ERROR = 4;
export const SO_DONTROUTE = 5;
export const SO_BROADCAST = 6;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_KEEPALIVE = 9;
export const SO_OOBINLINE = 10;
export const SO_PRIORITY = 12;
export const SO_LINGER = 13;
export const SO_REUSEPORT = 15;
export const SO_PASSCRED = 16;
export const SO_PEERCRED = 17;
export const SO_RCVLOWAT = 18;
export const SO_SNDLOWAT = 19;
export const SO_RCVTIMEO = 20;
export const SO_SNDTIMEO = 21;
export const SO_BINDTODEVICE = 25;
export const SO_TIMESTAMP = 29;
export const SO_ACCEPTCONN = 30;
export const SO_PEERSEC = 31;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_PASSSEC = 34;
export const SO_MARK = 36;
export const SO_PROTOCOL = 38;
export const SO_DOMAIN = 39;
export const SO_PEEK_OFF = 42;
export const SO_BUSY_POLL = 46;
export const SO_INCOMING_CPU = 49;
export const SO_PEERGROUPS = 59;

export const TCP_NODELAY = 1;
export const TCP_MAXSEG = 2;
export const TCP_CORK = 3;
export const TCP_KEEPIDLE = 4;
export const TCP_KEEPINTVL = 5;
export const TCP_KEEPCNT = 6;
export const TCP_SYNCNT = 7;
export const TCP_LINGER2 = 8;
export const TCP_DEFER_ACCEPT = 9;
export const TCP_WINDOW_CLAMP = 10;
export const TCP_INFO = 11;
export const TCP_QUICKACK = 12;
export const TCP_CONGESTION = 13;
export const TCP_USER_TIMEOUT = 18;
export const TCP_FASTOPEN = 23;

/** struct tcp_info: u8 state and seven more, then words of 32 bits, and of 64 from 104 on. */
export const TCP_INFO_SIZE = 232;
export const TCPI_STATE = 0;
export const TCPI_RTO = 8;
export const TCPI_SND_MSS = 16;
export const TCPI_RCV_MSS = 20;
export const TCPI_PMTU = 60;
export const TCPI_SND_CWND = 80;
export const TCPI_ADVMSS = 84;

/** States of a connection, as TCP_INFO and /proc/net/tcp tell them. */
export const TCP_ESTABLISHED = 1;
export const TCP_SYN_SENT = 2;
export const TCP_FIN_WAIT2 = 5;
export const TCP_CLOSE = 7;
export const TCP_CLOSE_WAIT = 8;
export const TCP_LISTEN = 10;

export const IPV6_V6ONLY = 26;

export const MSG_OOB = 1;
export const MSG_PEEK = 2;
export const MSG_DONTROUTE = 4;
export const MSG_CTRUNC = 8;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_EOR = 0x80;
export const MSG_WAITALL = 0x100;
export const MSG_ERRQUEUE = 0x2000;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_WAITFORONE = 0x10000;
export const MSG_CMSG_CLOEXEC = 0x4000_0000;

export const SCM_RIGHTS = 1;
export const SCM_CREDENTIALS = 2;
/** Descriptors in one message. */
export const SCM_MAX_FD = 253;

/** struct sockaddr: u16 family, in host order. */
export const SOCKADDR_FAMILY_SIZE = 2;
/** struct sockaddr_storage: no address is longer. */
export const SOCKADDR_STORAGE_SIZE = 128;
/** struct sockaddr_un: family, char path[108]. */
export const SOCKADDR_UN_SIZE = 110;
/** struct sockaddr_in: family, be16 port, 4 bytes address, 8 unused. */
export const SOCKADDR_IN_SIZE = 16;
/** struct sockaddr_in6: family, be16 port, flow, 16 bytes address, scope. The last may be left out. */
export const SOCKADDR_IN6_SIZE = 28;
export const SOCKADDR_IN6_LEAST = 24;

/** struct msghdr. */
export const MSGHDR_SIZE = 56;
export const MSGHDR_NAME = 0;
export const MSGHDR_NAMELEN = 8;
export const MSGHDR_IOV = 16;
export const MSGHDR_IOVLEN = 24;
export const MSGHDR_CONTROL = 32;
export const MSGHDR_CONTROLLEN = 40;
export const MSGHDR_FLAGS = 48;
/** struct mmsghdr: a msghdr and the length of what was moved. */
export const MMSGHDR_SIZE = 64;
export const MMSGHDR_LEN = 56;

/** struct cmsghdr: size with the header, level, type; data begin at CMSG_DATA, the next one at a multiple of 8. */
export const CMSG_LEN = 0;
export const CMSG_LEVEL = 8;
export const CMSG_TYPE = 12;
export const CMSG_DATA = 16;

/** struct ucred: pid, uid, gid. */
export const UCRED_SIZE = 12;
/** uid_t and gid_t of who is unknown. */
export const OVERFLOW_ID = 65534;

export const SIOCINQ = 0x541b;
export const SIOCOUTQ = 0x5411;
export const SIOCATMARK = 0x8905;
