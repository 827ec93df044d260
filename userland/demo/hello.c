/*
 * hello [NAME]: the smallest program that says something.
 */
#include "../runtime/runtime.h"

int main(int argc, char **argv) {
  print("hello, %s\n", argc > 1 ? argv[1] : "world");
  return 0;
}
