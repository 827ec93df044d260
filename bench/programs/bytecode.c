/* An interpreter of a small machine with a stack, as scripting languages have. */
#include "common.h"

enum { PUSH, ADD, SUBTRACT, MULTIPLY, LOAD, STORE, LESS, JUMP, JUMP_IF_ZERO, REMAINDER, HALT };

static int64_t run(const int32_t *code) {
  int64_t stack[64], variables[16] = {0};
  int64_t *top = stack;
  for (const int32_t *pc = code;;) {
    switch (*pc++) {
      case PUSH: *top++ = *pc++; break;
      case ADD: top--, top[-1] += top[0]; break;
      case SUBTRACT: top--, top[-1] -= top[0]; break;
      case MULTIPLY: top--, top[-1] *= top[0]; break;
      case REMAINDER: top--, top[-1] %= top[0]; break;
      case LESS: top--, top[-1] = top[-1] < top[0]; break;
      case LOAD: *top++ = variables[*pc++]; break;
      case STORE: variables[*pc++] = *--top; break;
      case JUMP: pc = code + *pc; break;
      case JUMP_IF_ZERO: pc = *--top ? pc + 1 : code + *pc; break;
      case HALT: return variables[1];
    }
  }
}

int main(int argc, char **argv) {
  /* for (i = 0; i < limit; i++) sum = (sum * 31 + i * i - 7) % 1000003; */
  int32_t code[] = {PUSH, 0, STORE, 0, LOAD, 0, PUSH, 0, LESS, JUMP_IF_ZERO, 38, LOAD, 1, PUSH, 31, MULTIPLY, LOAD, 0, LOAD, 0,
                    MULTIPLY, ADD, PUSH, 7, SUBTRACT, PUSH, 1000003, REMAINDER, STORE, 1, LOAD, 0, PUSH, 1, ADD, STORE, 0, JUMP, 4};
  int32_t program[64];
  const int length = sizeof code / sizeof *code;
  memcpy(program, code, sizeof code);
  program[7] = scale(argc, argv) * 8000;
  program[10] = length;
  program[length - 1] = 4;
  program[length] = HALT;
  return report("bytecode", (uint64_t)run(program));
}
