/**
 * netlink(7) and rtnetlink(7): headers, types of messages and attributes. Data.
 */
export const AF_NETLINK = 16;
export const NETLINK_ROUTE = 0;
export const SOL_NETLINK = 270;

/** struct sockaddr_nl: family, 2 bytes unused, u32 port id, u32 groups. */
export const SOCKADDR_NL_SIZE = 12;

/** struct nlmsghdr: u32 length with the header, u16 type, u16 flags, u32 sequence, u32 port id. */
export const NLMSG_HEADER = 16;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
/** Types of messages below this are netlink's own. */
export const NLMSG_MIN_TYPE = 16;
export const NLM_F_REQUEST = 1;
export const NLM_F_MULTI = 2;
export const NLM_F_ACK = 4;
export const NLM_F_DUMP = 0x300;
/** Of an outcome that quotes the header alone. */
export const NLM_F_CAPPED = 0x100;

export const RTM_NEWLINK = 16;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_GETADDR = 22;
/** Types come in fours: new, delete, get, set. */
export const RTM_KINDS = 4;
export const RTM_GET = 2;
export const RTM_MAX = 127;

/** struct ifinfomsg: u8 family, 1 byte unused, u16 type, i32 index, u32 flags, u32 change. */
export const IFINFOMSG_SIZE = 16;
export const IFLA_ADDRESS = 1;
export const IFLA_BROADCAST = 2;
export const IFLA_IFNAME = 3;
export const IFLA_MTU = 4;
export const IFLA_TXQLEN = 13;
export const IFLA_OPERSTATE = 16;

/** Attributes behind a struct ifaddrmsg: u8 family, u8 prefix, u8 flags, u8 scope, u32 index. */
export const IFA_ADDRESS = 1;
export const IFA_LOCAL = 2;
export const IFA_LABEL = 3;
export const IFA_F_PERMANENT = 0x80;
export const RT_SCOPE_HOST = 254;

/** struct rtattr: u16 length with the header, u16 type; the next begins at a multiple of 4. */
export const RTATTR_HEADER = 4;
