/*
 * What Linux promises of urgent data, of interfaces and of what sockets tell of themselves, line by line.
 *
 * net-calls.expected was recorded on Linux 6.18 (x86-64): only what concerns `lo` is told.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void say(const char *what, long result) {
  if (result < 0 && result > -4096) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
}
#define T(call) say(#call, (long)(call))
#define BAD ((void *)8)

static char buf[4096];
static int value, client, server, listener;
static struct sockaddr_in address;
static socklen_t size;

static int ready(int fd, int events) {
  struct pollfd p = {fd, events, 0};
  poll(&p, 1, 0);
  return p.revents;
}
static int at_mark(void) { return ioctl(server, SIOCATMARK, &value) < 0 ? -1 : value; }
static int get(int flags) {
  memset(buf, 0, 16);
  int count = recv(server, buf, 15, flags | MSG_DONTWAIT);
  if (count > 0) puts(buf);
  return count;
}
static int put(const char *text, int flags) {
  int count = send(client, text, strlen(text), flags);
  usleep(2000);
  return count;
}
static int set(int level, int name, int to) { return setsockopt(client, level, name, &to, sizeof to); }
static int option(int level, int name) {
  size = sizeof value;
  return getsockopt(client, level, name, &value, &size) < 0 ? -1 : value;
}

static void connection(void) {
  listener = socket(AF_INET, SOCK_STREAM, 0);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bind(listener, (void *)&address, sizeof address);
  listen(listener, 5);
  size = sizeof address;
  getsockname(listener, (void *)&address, &size);
  client = socket(AF_INET, SOCK_STREAM, 0);
  connect(client, (void *)&address, sizeof address);
  server = accept(listener, 0, 0);
}

static void urgent(void) {
  puts("# urgent data");
  T(get(MSG_OOB));
  T(put("abX", MSG_OOB));
  T(ready(server, POLLPRI | POLLIN));
  T(at_mark());
  T(get(0));
  T(at_mark());
  T(ready(server, POLLPRI | POLLIN));
  T(get(MSG_OOB | MSG_PEEK));
  T(get(MSG_OOB));
  T(get(MSG_OOB));
  T(ready(server, POLLPRI | POLLIN));
  T(at_mark());
  T(put("cd", 0));
  T(get(0));
  T(at_mark());
  T(put("12", MSG_OOB));
  T(put("34", MSG_OOB));
  T(put("56", 0));
  T(get(0));
  T(get(0));
  T(get(MSG_OOB));
  value = 1;
  setsockopt(server, SOL_SOCKET, SO_OOBINLINE, &value, sizeof value);
  T(put("pqR", MSG_OOB));
  T(put("st", 0));
  T(ready(server, POLLPRI | POLLIN));
  T(get(MSG_OOB));
  T(get(0));
  T(at_mark());
  T(get(0));
  T(at_mark());
  T(ioctl(client, SIOCATMARK, BAD));
  T(ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCATMARK, &value));
}

static int state(int fd) {
  struct tcp_info info;
  size = sizeof info;
  return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0 ? -1 : info.tcpi_state;
}

static void options(void) {
  puts("# options");
  T(state(client));
  T(state(listener));
  T(state(socket(AF_INET, SOCK_STREAM, 0)));
  T(shutdown(client, SHUT_WR));
  T(state(server));
  client = socket(AF_INET, SOCK_STREAM, 0);
  T(setsockopt(client, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
  T(setsockopt(client, IPPROTO_TCP, TCP_CONGESTION, "none of these", 13));
  size = sizeof buf;
  T(getsockopt(client, IPPROTO_TCP, TCP_CONGESTION, buf, &size));
  puts(buf);
  T(set(SOL_SOCKET, SO_RCVLOWAT, 0));
  T(option(SOL_SOCKET, SO_RCVLOWAT));
  T(setsockopt(client, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
  T(setsockopt(client, SOL_SOCKET, SO_BINDTODEVICE, "none", 5));
  size = IFNAMSIZ;
  T(getsockopt(client, SOL_SOCKET, SO_BINDTODEVICE, buf, &size));
  T(size);
  T(set(IPPROTO_IP, IP_TTL, 300));
  T(set(IPPROTO_TCP, TCP_KEEPIDLE, 0));
  T(set(IPPROTO_TCP, TCP_KEEPCNT, 200));
  T(set(IPPROTO_TCP, TCP_MAXSEG, 20));
  T(set(IPPROTO_TCP, TCP_NODELAY, 5));
  T(option(IPPROTO_TCP, TCP_NODELAY));
}

static void ends(void) {
  puts("# ends");
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  T(recv(fd, buf, 4, 0));
  T(shutdown(fd, SHUT_RD));
  T(recv(fd, buf, 4, 0));
  T(ready(fd, POLLIN | POLLOUT | POLLRDHUP));
  T(connect(fd, (void *)&address, sizeof address));
  size = -1;
  T(accept(listener, (void *)&address, &size));
  fcntl(listener, F_SETFL, O_NONBLOCK);
  T(accept(listener, (void *)&address, &size));
  int pair[2];
  T(socketpair(AF_INET, SOCK_DGRAM, IPPROTO_TCP, pair));
  T(socketpair(AF_INET, SOCK_DGRAM, IPPROTO_UDP, pair));
  fd = socket(AF_INET, SOCK_DGRAM, 0);
  T(recv(fd, buf, 4, MSG_OOB | MSG_DONTWAIT));
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  int count = 0;
  while (send(pair[0], buf, 1, MSG_DONTWAIT) == 1) count++;
  T(count);
}

static int again(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (void *)&address, sizeof address) < 0 || listen(fd, 5) < 0) return -1;
  return fd;
}

static void restarts(void) {
  puts("# a server that starts again");
  address.sin_port = 0;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = again();
  size = sizeof address;
  getsockname(fd, (void *)&address, &size);
  client = socket(AF_INET, SOCK_STREAM, 0);
  T(connect(client, (void *)&address, sizeof address));
  server = accept(fd, 0, 0);
  T(again());
  close(fd);
  fd = again();
  T(fd > 0);
  T(put("still", 0));
  T(get(0));
  int other = socket(AF_INET, SOCK_STREAM, 0);
  T(connect(other, (void *)&address, sizeof address));
  struct sockaddr none = {AF_UNSPEC};
  T(connect(fd, &none, sizeof none));
  usleep(2000);
  T(recv(other, buf, 4, 0));
  T(accept(fd, 0, 0));
  T(listen(fd, 5));
  other = socket(AF_INET, SOCK_STREAM, 0);
  T(connect(other, (void *)&address, sizeof address));
}

static struct ifreq request;
static int ask(int fd, unsigned long what) { return ioctl(fd, what, &request); }
static unsigned host(void) { return ntohl(((struct sockaddr_in *)&request.ifr_addr)->sin_addr.s_addr); }

static void interfaces(void) {
  puts("# interfaces");
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  struct ifconf list = {.ifc_len = sizeof buf, .ifc_buf = buf};
  T(ioctl(fd, SIOCGIFCONF, &list));
  T(list.ifc_len >= (int)sizeof request);
  puts(((struct ifreq *)buf)->ifr_name);
  list.ifc_buf = 0;
  T(ioctl(client, SIOCGIFCONF, &list));
  T(list.ifc_len >= (int)sizeof request);
  T(ioctl(client, SIOCGIFCONF, BAD));
  strcpy(request.ifr_name, "lo");
  T(ask(client, SIOCGIFFLAGS));
  T(request.ifr_flags & (IFF_UP | IFF_LOOPBACK | IFF_RUNNING));
  T(ask(client, SIOCGIFADDR));
  T(host());
  T(ask(client, SIOCGIFNETMASK));
  T(host());
  T(ask(client, SIOCGIFBRDADDR));
  T(host());
  T(ask(client, SIOCGIFDSTADDR));
  T(host());
  T(ask(client, SIOCGIFMTU));
  T(request.ifr_mtu);
  T(ask(fd, SIOCGIFINDEX));
  T(request.ifr_ifindex);
  T(ask(client, SIOCGIFHWADDR));
  T(request.ifr_hwaddr.sa_family);
  T(ask(client, SIOCGIFMETRIC));
  T(ask(client, SIOCGIFTXQLEN));
  memset(&request, 0, sizeof request);
  request.ifr_ifindex = 1;
  T(ask(client, SIOCGIFNAME));
  puts(request.ifr_name);
  request.ifr_ifindex = 99;
  T(ask(client, SIOCGIFNAME));
  strcpy(request.ifr_name, "none");
  T(ask(client, SIOCGIFFLAGS));
  T(ask(client, SIOCGIFADDR));
  T(ask(fd, SIOCGIFINDEX));
  T(ioctl(client, SIOCGIFFLAGS, BAD));
  T(ioctl(client, SIOCATMARK + 0x70, &request));
  T(if_nametoindex("lo"));
  struct ifaddrs *all, *each;
  T(getifaddrs(&all));
  for (each = all; each; each = each->ifa_next) {
    if (strcmp(each->ifa_name, "lo") != 0) continue;
    int family = each->ifa_addr->sa_family;
    char text[64] = "", mask[64] = "";
    int skip = family == AF_INET ? 4 : 8;
    if (family == AF_INET || family == AF_INET6) {
      inet_ntop(family, (char *)each->ifa_addr + skip, text, 64);
      inet_ntop(family, (char *)each->ifa_netmask + skip, mask, 64);
    }
    printf("%d %x %s %s\n", family, each->ifa_flags, text, mask);
  }
}

static struct {
  struct nlmsghdr header;
  struct ifinfomsg link;
  struct rtattr name;
  char text[8];
} question;
static int answer(int fd) {
  int length = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
  struct nlmsghdr *header = (void *)buf;
  int error = header->nlmsg_type == NLMSG_ERROR ? *(int *)NLMSG_DATA(header) : 0;
  if (length > 0) printf("type %d flags %x sequence %u error %d\n", header->nlmsg_type, header->nlmsg_flags, header->nlmsg_seq, error);
  return length < 0 ? -1 : header->nlmsg_type == NLMSG_ERROR ? length : 0;
}
static int port(int fd) {
  struct sockaddr_nl name;
  size = sizeof name;
  getsockname(fd, (void *)&name, &size);
  return name.nl_pid;
}

static void netlink(void) {
  puts("# netlink");
  struct sockaddr_nl name = {AF_NETLINK};
  int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), other = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);
  T(port(fd));
  T(bind(fd, (void *)&name, 4));
  T(bind(fd, (void *)&name, sizeof name));
  T(port(fd) == getpid());
  T(bind(other, (void *)&name, sizeof name));
  T(port(other) < 0);
  name.nl_pid = 12345;
  T(bind(fd, (void *)&name, sizeof name));
  question.header = (struct nlmsghdr){44, RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK, 7, 0};
  question.name = (struct rtattr){7, IFLA_IFNAME};
  question.header.nlmsg_len = 40;
  strcpy(question.text, "lo");
  T(send(fd, &question, 40, 0));
  T(answer(fd));
  T(answer(fd));
  question.link.ifi_index = 77;
  T(send(fd, &question, 40, 0));
  T(answer(fd));
  T(answer(fd));
  T(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE));
  T(socket(AF_NETLINK, SOCK_RAW, 31));
  T(listen(fd, 1));
  T(shutdown(fd, SHUT_RD));
}

int main(void) {
  connection();
  urgent();
  options();
  ends();
  restarts();
  interfaces();
  netlink();
  return 0;
}
