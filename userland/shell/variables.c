/*
 * Shell variables, their export to programs, and the older values that `local` sets aside.
 */
#include "shell.h"

struct variable {
  struct variable *next;
  char *name, *value; /* value null: marked but unset */
  bool exported, readonly;
};

struct local {
  struct local *next;
  char *name, *value;
  bool exported;
};

static struct variable *variables;
static struct local *locals;
static size_t local_count;

static struct variable *find(const char *name) {
  for (struct variable *v = variables; v; v = v->next) {
    if (same(v->name, name)) return v;
  }
  return NULL;
}

static struct variable *find_or_make(const char *name) {
  struct variable *v = find(name);
  if (v) return v;
  v = allocate(sizeof *v);
  *v = (struct variable){variables, copy_string(name), NULL, false, false};
  return variables = v;
}

const char *get_variable(const char *name) {
  struct variable *v = find(name);
  return v ? v->value : NULL;
}

bool set_variable(const char *name, const char *value) {
  struct variable *v = find_or_make(name);
  if (v->readonly) {
    complain("%s: is read only", name);
    return false;
  }
  char *before = v->value;
  v->value = copy_string(value);
  release(before);
  return true;
}

void unset_variable(const char *name) {
  struct variable *v = find(name);
  if (!v || v->readonly) return;
  release(v->value);
  v->value = NULL;
  v->exported = false;
}

void mark_variable(const char *name, bool export, bool readonly) {
  struct variable *v = find_or_make(name);
  v->exported = v->exported || export;
  v->readonly = v->readonly || readonly;
}

void print_variables(bool exported_only) {
  for (struct variable *v = variables; v; v = v->next) {
    if (!v->value || (exported_only && !v->exported)) continue;
    print("%s%s='", exported_only ? "export " : "", v->name);
    for (const char *c = v->value; *c; c++) *c == '\'' ? print("'\\''") : print_bytes(c, 1);
    print("'\n");
  }
}

/* In scratch: it is made in a child that is about to become another program. */
char **environment_block(void) {
  size_t count = 0;
  for (struct variable *v = variables; v; v = v->next) count += v->exported && v->value;
  char **block = arena_take(&scratch, (count + 1) * sizeof *block), **entry = block;
  for (struct variable *v = variables; v; v = v->next) {
    if (!v->exported || !v->value) continue;
    size_t name = strlen(v->name), value = strlen(v->value);
    *entry = arena_take(&scratch, name + value + 2);
    memcpy(*entry, v->name, name);
    (*entry)[name] = '=';
    memcpy(*entry++ + name + 1, v->value, value);
  }
  return block;
}

void make_local(const char *name) {
  struct variable *v = find(name);
  struct local *local = allocate(sizeof *local);
  char *value = v && v->value ? copy_string(v->value) : NULL;
  *local = (struct local){locals, copy_string(name), value, v && v->exported};
  locals = local;
  local_count++;
}

size_t locals_depth(void) { return local_count; }

void restore_locals(size_t depth) {
  for (; local_count > depth; local_count--) {
    struct local *local = locals;
    locals = local->next;
    struct variable *v = find_or_make(local->name);
    release(v->value);
    v->value = local->value;
    v->exported = local->exported;
    release(local->name);
    release(local);
  }
}

void variables_start(void) {
  for (char **entry = environment; *entry; entry++) {
    const char *equals = strchr(*entry, '=');
    if (!equals || !is_name(*entry, (size_t)(equals - *entry))) continue;
    char *name = arena_copy(&scratch, *entry, (size_t)(equals - *entry));
    set_variable(name, equals + 1);
    mark_variable(name, true, false);
  }
  set_variable("IFS", " \t\n");
  if (!get_variable("PATH")) set_variable("PATH", "/bin:/sbin:/usr/bin:/usr/sbin");
  if (!get_variable("PS1")) set_variable("PS1", SYSCALL(SYS_geteuid) == 0 ? "# " : "$ ");
  if (!get_variable("PS2")) set_variable("PS2", "> ");
  set_variable("PPID", number_text(SYSCALL(SYS_getppid)));
  char folder[4096];
  if (sys_getcwd(folder, sizeof folder) > 0) set_variable("PWD", folder);
}
