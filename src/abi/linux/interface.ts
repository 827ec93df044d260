/**
 * Network interfaces: netdevice(7). Data.
 */
export const IFF_UP = 0x1;
export const IFF_LOOPBACK = 0x8;
export const IFF_RUNNING = 0x40;
export const IFF_LOWER_UP = 0x1_0000;
export const ARPHRD_LOOPBACK = 772;
/** Operational state of an interface that has none. */
export const IF_OPER_UNKNOWN = 0;

/** struct ifreq: char name[16], then what is asked for. */
export const IFREQ_SIZE = 40;
export const IFNAMSIZ = 16;
/** struct ifconf: int length, pointer. */
export const IFCONF_SIZE = 16;
export const IFCONF_BUFFER = 8;

export const SIOCGIFNAME = 0x8910;
export const SIOCGIFCONF = 0x8912;
export const SIOCGIFFLAGS = 0x8913;
export const SIOCGIFADDR = 0x8915;
export const SIOCGIFDSTADDR = 0x8917;
export const SIOCGIFBRDADDR = 0x8919;
export const SIOCGIFNETMASK = 0x891b;
export const SIOCGIFMETRIC = 0x891d;
export const SIOCGIFMTU = 0x8921;
export const SIOCGIFHWADDR = 0x8927;
export const SIOCGIFINDEX = 0x8933;
export const SIOCGIFTXQLEN = 0x8942;
export const SIOCGIFMAP = 0x8970;
