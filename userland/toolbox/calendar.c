/*
 * Seconds since 1970 to a date in UTC (the only time zone here), and `date`.
 */
#include "toolbox.h"

const char *const MONTHS[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
const char *const WEEKDAYS[7] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

static bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

struct moment moment_of(int64_t seconds) {
  static const int LENGTHS[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int64_t days = seconds / 86400, rest = seconds % 86400;
  if (rest < 0) {
    rest += 86400;
    days--;
  }
  struct moment m = {.hour = (int)(rest / 3600), .minute = (int)(rest / 60 % 60), .second = (int)(rest % 60)};
  m.weekday = (int)(((days + 4) % 7 + 7) % 7); /* 1 January 1970 was a Thursday */
  for (m.year = 1970; days < 0; m.year--) days += is_leap(m.year - 1) ? 366 : 365;
  for (; days >= (is_leap(m.year) ? 366 : 365); m.year++) days -= is_leap(m.year) ? 366 : 365;
  m.yearday = (int)days + 1;
  for (m.month = 1;; m.month++) {
    int length = LENGTHS[m.month - 1] + (m.month == 2 && is_leap(m.year));
    if (days < length) break;
    days -= length;
  }
  m.day = (int)days + 1;
  return m;
}

static void print_date(const char *format, int64_t seconds, int64_t nanoseconds) {
  struct moment m = moment_of(seconds);
  for (; *format; format++) {
    if (*format != '%' || !format[1]) {
      print("%c", *format);
      continue;
    }
    switch (*++format) {
      case 'Y': print("%04d", m.year); break;
      case 'y': print("%02d", m.year % 100); break;
      case 'm': print("%02d", m.month); break;
      case 'd': print("%02d", m.day); break;
      case 'e': print("%2d", m.day); break;
      case 'H': print("%02d", m.hour); break;
      case 'M': print("%02d", m.minute); break;
      case 'S': print("%02d", m.second); break;
      case 'j': print("%03d", m.yearday); break;
      case 'a': print("%s", WEEKDAYS[m.weekday]); break;
      case 'b': print("%s", MONTHS[m.month - 1]); break;
      case 'F': print("%04d-%02d-%02d", m.year, m.month, m.day); break;
      case 'T': print("%02d:%02d:%02d", m.hour, m.minute, m.second); break;
      case 'N': print("%09ld", nanoseconds); break;
      case 's': print("%ld", seconds); break;
      case 'Z': print("UTC"); break;
      case 'z': print("+0000"); break;
      case 'n': print("\n"); break;
      case '%': print("%%"); break;
      default: print("%%%c", *format);
    }
  }
  print("\n");
}

/* date [-u] [-d @SECONDS] [+FORMAT] */
int tool_date(int argc, char **argv) {
  struct options options;
  if (!parse_options(argc, argv, "u", "d", &options)) return 1;
  int64_t now = now_nanoseconds(CLOCK_REALTIME);
  struct timespec time = {now / 1000000000, now % 1000000000};
  if (options.on['d']) {
    const char *text = options.value['d'];
    time.nanoseconds = 0;
    if (*text != '@' || !parse_number(text + 1, &time.seconds)) die("-d wants @SECONDS");
  }
  const char *format = "%a %b %e %H:%M:%S UTC %Y";
  if (options.first < argc && *argv[options.first] == '+') format = argv[options.first] + 1;
  print_date(format, time.seconds, time.nanoseconds);
  return 0;
}
