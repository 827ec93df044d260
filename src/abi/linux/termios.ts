/**
 * Terminals as programs see them: termios flags, control characters, requests of tty_ioctl(4), struct layouts. Data.
 *
 * Source: asm-generic/termbits.h, termbits-common.h, ioctls.h, termios.h; defaults from tty(4).
 */

/** Bits of c_iflag. */
export const IGNBRK = 0x0001;
export const BRKINT = 0x0002;
export const IGNPAR = 0x0004;
export const PARMRK = 0x0008;
export const INPCK = 0x0010;
export const ISTRIP = 0x0020;
export const INLCR = 0x0040;
export const IGNCR = 0x0080;
export const ICRNL = 0x0100;
export const IUCLC = 0x0200;
export const IXON = 0x0400;
export const IXANY = 0x0800;
export const IXOFF = 0x1000;
export const IMAXBEL = 0x2000;
export const IUTF8 = 0x4000;

/** Bits of c_oflag. */
export const OPOST = 0x0001;
export const OLCUC = 0x0002;
export const ONLCR = 0x0004;
export const OCRNL = 0x0008;
export const ONOCR = 0x0010;
export const ONLRET = 0x0020;
export const TABDLY = 0x1800;
export const XTABS = 0x1800;

/** Bits of c_cflag. */
export const CBAUD = 0x100f;
export const B38400 = 0x000f;
export const CSIZE = 0x0030;
export const CS8 = 0x0030;
export const CREAD = 0x0080;
export const PARENB = 0x0100;
export const HUPCL = 0x0400;
/** Baud rate of each value of CBAUD, those with CBAUDEX from index 16 on (BOTHER is 0 there). */
export const BAUD_RATES: readonly number[] = [
  0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400, 0, 57600, 115200,
  230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000,
  4000000,
];

/** Bits of c_lflag. */
export const ISIG = 0x0001;
export const ICANON = 0x0002;
export const ECHO = 0x0008;
export const ECHOE = 0x0010;
export const ECHOK = 0x0020;
export const ECHONL = 0x0040;
export const NOFLSH = 0x0080;
export const TOSTOP = 0x0100;
export const ECHOCTL = 0x0200;
export const ECHOPRT = 0x0400;
export const ECHOKE = 0x0800;
export const IEXTEN = 0x8000;
export const EXTPROC = 0x10000;

/** Indices of c_cc. A character of 0 is disabled. */
export const VINTR = 0;
export const VQUIT = 1;
export const VERASE = 2;
export const VKILL = 3;
export const VEOF = 4;
export const VTIME = 5;
export const VMIN = 6;
export const VSTART = 8;
export const VSTOP = 9;
export const VSUSP = 10;
export const VEOL = 11;
export const VREPRINT = 12;
export const VWERASE = 14;
export const VLNEXT = 15;
export const VEOL2 = 16;
export const NCCS = 19;

/** What a terminal starts with (tty_std_termios). */
export const DEFAULT_IFLAG: number = ICRNL | IXON;
export const DEFAULT_OFLAG: number = OPOST | ONLCR;
export const DEFAULT_CFLAG: number = B38400 | CS8 | CREAD;
export const DEFAULT_LFLAG: number = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
export const DEFAULT_CC: readonly number[] = [
  3, 0x1c, 0x7f, 0x15, 4, 0, 1, 0, 0x11, 0x13, 0x1a, 0, 0x12, 0x0f, 0x17, 0x16, 0, 0, 0,
];

/** struct termios: four words, c_line, c_cc; termios2 has two speeds behind them. Bytes. */
export const TERMIOS_LINE = 16;
export const TERMIOS_CC = 17;
export const TERMIOS_SIZE = 36;
export const TERMIOS2_ISPEED = 36;
export const TERMIOS2_OSPEED = 40;
export const TERMIOS2_SIZE = 44;
/** struct termio: four half words, c_line, 8 of c_cc. */
export const TERMIO_LINE = 8;
export const TERMIO_CC = 9;
export const TERMIO_NCC = 8;
export const TERMIO_SIZE = 18;
/** struct winsize: rows, columns, x and y pixels, 16 bits each. */
export const WINSIZE_SIZE = 8;

export const TCGETS = 0x5401;
export const TCSETS = 0x5402;
export const TCSETSW = 0x5403;
export const TCSETSF = 0x5404;
export const TCGETA = 0x5405;
export const TCSETA = 0x5406;
export const TCSETAW = 0x5407;
export const TCSETAF = 0x5408;
export const TCSBRK = 0x5409;
export const TCXONC = 0x540a;
export const TCFLSH = 0x540b;
export const TIOCEXCL = 0x540c;
export const TIOCNXCL = 0x540d;
export const TIOCGPGRP = 0x540f;
export const TIOCSPGRP = 0x5410;
export const TIOCOUTQ = 0x5411;
export const TIOCSTI = 0x5412;
export const TIOCGWINSZ = 0x5413;
export const TIOCSWINSZ = 0x5414;
export const TIOCPKT = 0x5420;
export const TIOCNOTTY = 0x5422;
export const TIOCSETD = 0x5423;
export const TIOCGETD = 0x5424;
export const TCSBRKP = 0x5425;
export const TIOCGSID = 0x5429;
export const TCGETS2 = 0x802c_542a;
export const TCSETS2 = 0x402c_542b;
export const TCSETSW2 = 0x402c_542c;
export const TCSETSF2 = 0x402c_542d;
export const TIOCGPTN = 0x8004_5430;
export const TIOCSPTLCK = 0x4004_5431;
export const TIOCGDEV = 0x8004_5432;
export const TIOCSIG = 0x4004_5436;
export const TIOCVHANGUP = 0x5437;
export const TIOCGPKT = 0x8004_5438;
export const TIOCGPTLCK = 0x8004_5439;
export const TIOCGEXCL = 0x8004_5440;

/** Arguments of TCXONC. */
export const TCOOFF = 0;
export const TCOON = 1;
export const TCIOFF = 2;
export const TCION = 3;
/** Arguments of TCFLSH. */
export const TCIFLUSH = 0;
export const TCOFLUSH = 1;
export const TCIOFLUSH = 2;

/** Bits of the first byte that a master in packet mode reads. */
export const TIOCPKT_DATA = 0;
export const TIOCPKT_FLUSHREAD = 1;
export const TIOCPKT_FLUSHWRITE = 2;
export const TIOCPKT_STOP = 4;
export const TIOCPKT_START = 8;
export const TIOCPKT_NOSTOP = 16;
export const TIOCPKT_DOSTOP = 32;
