/*
 * Names of errors and signals (a table).
 *
 * Only the errors that these programs can meet have a text; others show their number's name or the number.
 */
#include "runtime.h"

static const struct {
  int number;
  const char *name, *text;
} ERRORS[] = {
    {1, "EPERM", "Operation not permitted"},
    {2, "ENOENT", "No such file or directory"},
    {3, "ESRCH", "No such process"},
    {4, "EINTR", "Interrupted system call"},
    {5, "EIO", "Input/output error"},
    {7, "E2BIG", "Argument list too long"},
    {8, "ENOEXEC", "Exec format error"},
    {9, "EBADF", "Bad file descriptor"},
    {10, "ECHILD", "No child processes"},
    {11, "EAGAIN", "Resource temporarily unavailable"},
    {12, "ENOMEM", "Cannot allocate memory"},
    {13, "EACCES", "Permission denied"},
    {14, "EFAULT", "Bad address"},
    {16, "EBUSY", "Device or resource busy"},
    {17, "EEXIST", "File exists"},
    {18, "EXDEV", "Invalid cross-device link"},
    {19, "ENODEV", "No such device"},
    {20, "ENOTDIR", "Not a directory"},
    {21, "EISDIR", "Is a directory"},
    {22, "EINVAL", "Invalid argument"},
    {23, "ENFILE", "Too many open files in system"},
    {24, "EMFILE", "Too many open files"},
    {25, "ENOTTY", "Inappropriate ioctl for device"},
    {26, "ETXTBSY", "Text file busy"},
    {27, "EFBIG", "File too large"},
    {28, "ENOSPC", "No space left on device"},
    {29, "ESPIPE", "Illegal seek"},
    {30, "EROFS", "Read-only file system"},
    {31, "EMLINK", "Too many links"},
    {32, "EPIPE", "Broken pipe"},
    {36, "ENAMETOOLONG", "File name too long"},
    {38, "ENOSYS", "Function not implemented"},
    {39, "ENOTEMPTY", "Directory not empty"},
    {40, "ELOOP", "Too many levels of symbolic links"},
    {95, "EOPNOTSUPP", "Operation not supported"},
    {110, "ETIMEDOUT", "Connection timed out"},
    {129, "EKEYREJECTED", "Key was rejected by service"},
};

static const char *const SIGNAL_NAMES[] = {
    "EXIT", "HUP",  "INT",  "QUIT", "ILL",  "TRAP", "ABRT",   "BUS",  "FPE",   "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP",  "TSTP", "TTIN",
    "TTOU", "URG",  "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",   "PWR",  "SYS",
};

const char *error_text(long error) {
  for (size_t i = 0; i < sizeof ERRORS / sizeof *ERRORS; i++) {
    if (ERRORS[i].number == error || ERRORS[i].number == -error) return ERRORS[i].text;
  }
  return error_name(error);
}

const char *error_name(long error) {
  static char unknown[] = "error 0000";
  if (error < 0) error = -error;
  for (size_t i = 0; i < sizeof ERRORS / sizeof *ERRORS; i++) {
    if (ERRORS[i].number == error) return ERRORS[i].name;
  }
  for (int place = 9; place > 5; place--, error /= 10) unknown[place] = (char)('0' + error % 10);
  return unknown;
}

const char *signal_name(int signal) {
  if (signal < 0 || signal >= (int)(sizeof SIGNAL_NAMES / sizeof *SIGNAL_NAMES)) return NULL;
  return SIGNAL_NAMES[signal];
}

int signal_number(const char *name) {
  long number;
  if (parse_number(name, &number)) return number >= 0 && number < SIGNALS ? (int)number : -1;
  if (strncmp(name, "SIG", 3) == 0) name += 3;
  for (size_t i = 0; i < sizeof SIGNAL_NAMES / sizeof *SIGNAL_NAMES; i++) {
    if (same(name, SIGNAL_NAMES[i])) return (int)i;
  }
  return -1;
}
