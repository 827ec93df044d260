/*
 * toolbox: many small tools in one program, chosen by the name it is called by.
 *
 *   toolbox            the names of all tools
 *   toolbox NAME ...   the same as NAME ...
 */
#include "toolbox.h"

static const struct {
  const char *name;
  int (*run)(int argc, char **argv);
} TABLE[] = {
#define ENTRY(name) {#name, tool_##name},
    TOOLS(ENTRY)
#undef ENTRY
    {"[", tool_test},
};

int main(int argc, char **argv) {
  if (argc > 0 && same(program, "toolbox")) {
    argc--;
    argv++;
    if (argc > 0) program = base_name(argv[0]);
  }
  for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
    if (argc == 0) print("%s\n", TABLE[i].name);
    else if (same(TABLE[i].name, program)) return TABLE[i].run(argc, argv);
  }
  if (argc == 0) return 0;
  die("no such tool");
}
