/*
 * insmod, rmmod, lsmod, modprobe: kernel modules through the interface of Linux.
 *
 * In names "-" equals "_". modprobe knows /lib/modules/RELEASE/modules.dep, with lines "path: path of a dependency ...";
 * dependencies are listed in the order in which they are removed, so they are loaded from the last to the first.
 */
#include "toolbox.h"

static int load(const char *path, const char *parameters) {
  int fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return fd;
  long error = SYSCALL(SYS_finit_module, fd, parameters, 0);
  sys_close(fd);
  if (error != -ENOSYS) return (int)error;
  long length;
  char *image = read_file(path, &length);
  if (!image) return (int)length;
  error = SYSCALL(SYS_init_module, image, length, parameters);
  release(image);
  return (int)error;
}

static char *join_parameters(int count, char **values) {
  struct text text = {0};
  text_add(&text, "", 0);
  for (int i = 0; i < count; i++) {
    if (i > 0) text_char(&text, ' ');
    text_add(&text, values[i], strlen(values[i]));
  }
  return text.at;
}

int tool_insmod(int argc, char **argv) {
  if (argc < 2) die("usage: insmod FILE [NAME=VALUE...]");
  int error = load(argv[1], join_parameters(argc - 2, argv + 2));
  return error < 0 ? file_error(argv[1], error) : 0;
}

/* "dir/my-module.ko" to "my_module", in place. */
static char *module_name(char *path) {
  char *name = (char *)base_name(path), *dot = strchr(name, '.');
  if (dot) *dot = 0;
  for (char *c = name; *c; c++) {
    if (*c == '-') *c = '_';
  }
  return name;
}

static int unload(const char *path, bool quiet) {
  char *copy = copy_string(path);
  long error = SYSCALL(SYS_delete_module, module_name(copy), O_NONBLOCK);
  release(copy);
  if (error < 0 && !quiet) return file_error(path, error);
  return error < 0;
}

int tool_rmmod(int argc, char **argv) {
  int status = 0;
  if (argc < 2) die("usage: rmmod NAME...");
  for (int i = 1; i < argc; i++) status |= unload(argv[i], false);
  return status;
}

/* /proc/modules: name, size, use count, users with a comma after each or "-", state, address. */
int tool_lsmod(int argc, char **argv) {
  (void)argc, (void)argv;
  struct reader reader = {.fd = sys_open("/proc/modules", O_RDONLY | O_CLOEXEC, 0)};
  if (reader.fd < 0) return file_error("/proc/modules", reader.fd);
  print("%-24s %8s  Used by\n", "Module", "Size");
  for (char *line; (line = read_line(&reader)) != NULL; release(line)) {
    char *fields[4], *at = line;
    int count = 0;
    while (count < 4 && *at) {
      fields[count++] = at;
      while (*at && *at != ' ') at++;
      while (*at == ' ') *at++ = 0;
    }
    if (count < 4) continue;
    size_t length = strlen(fields[3]);
    if (length > 0 && fields[3][length - 1] == ',') fields[3][length - 1] = 0;
    print("%-24s %8s  %s%s%s\n", fields[0], fields[1], fields[2], same(fields[3], "-") ? "" : " ", same(fields[3], "-") ? "" : fields[3]);
  }
  return 0;
}

static char *modules_folder(void) {
  struct utsname name;
  SYSCALL(SYS_uname, &name);
  return join_path("/lib/modules", name.release);
}

/* The line of modules.dep that is about this module. */
static char *find_line(const char *folder, const char *wanted) {
  char *path = join_path(folder, "modules.dep");
  struct reader reader = {.fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0)};
  if (reader.fd < 0) {
    file_error(path, reader.fd);
    return NULL;
  }
  char *name = module_name(copy_string(wanted)), *line;
  for (; (line = read_line(&reader)) != NULL; release(line)) {
    char *colon = strchr(line, ':');
    if (!colon) continue;
    *colon = 0;
    char *own = copy_string(line);
    *colon = ':';
    bool found = same(module_name(own), name);
    release(own);
    if (found) break;
  }
  sys_close(reader.fd);
  if (!line) complain("%s: not in %s", wanted, path);
  return line;
}

/* modprobe [-r] NAME [PARAMETER...] */
int tool_modprobe(int argc, char **argv) {
  enum { MOST = 64 };
  struct options options;
  if (!parse_options(argc, argv, "rq", "", &options)) return 1;
  if (options.first == argc) die("usage: modprobe [-r] NAME [NAME=VALUE...]");
  char *folder = modules_folder(), *paths[MOST];
  char *line = find_line(folder, argv[options.first]);
  if (!line) return 1;
  int count = 0;
  for (char *at = line; *at && count < MOST;) {
    paths[count++] = at;
    while (*at && *at != ':' && *at != ' ') at++;
    while (*at == ':' || *at == ' ') *at++ = 0;
  }
  if (options.on['r']) {
    int status = unload(paths[0], false);
    /* Dependencies go too when nobody else uses them; that they are in use is no failure. */
    for (int i = 1; i < count && status == 0; i++) unload(paths[i], true);
    return status;
  }
  for (int i = count - 1; i >= 0; i--) {
    char *parameters = join_parameters(i == 0 ? argc - options.first - 1 : 0, argv + options.first + 1);
    char *path = paths[i][0] == '/' ? paths[i] : join_path(folder, paths[i]);
    int error = load(path, parameters);
    if (error < 0 && error != -EEXIST) return file_error(path, error);
  }
  return 0;
}
