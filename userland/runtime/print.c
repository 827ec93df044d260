/*
 * Formatted output into growing texts, the buffered stdout, and error messages.
 */
#include "runtime.h"

void text_add(struct text *text, const char *s, size_t length) {
  if (text->length + length + 1 > text->capacity) {
    size_t capacity = text->capacity ? text->capacity * 2 : 64;
    while (capacity < text->length + length + 1) capacity *= 2;
    text->at = reallocate(text->at, capacity);
    text->capacity = capacity;
  }
  memcpy(text->at + text->length, s, length);
  text->length += length;
  text->at[text->length] = 0;
}

void text_char(struct text *text, char c) { text_add(text, &c, 1); }

struct field {
  bool left, zero;
  int width, precision;
};

static void add_padded(struct text *text, const struct field *field, const char *s, int length) {
  int pad = field->width - length;
  bool zeros = field->zero && !field->left;
  if (zeros && length > 0 && *s == '-') {
    text_char(text, '-');
    s++;
    length--;
  }
  if (!field->left) {
    for (; pad > 0; pad--) text_char(text, zeros ? '0' : ' ');
  }
  text_add(text, s, (size_t)length);
  for (; pad > 0; pad--) text_char(text, ' ');
}

/* Digits of a number into the end of a buffer; gives their start. */
static char *digits(uint64_t value, unsigned base, char *end, int least) {
  char *at = end;
  for (; value || least > 0; value /= base, least--) *--at = "0123456789abcdef"[value % base];
  return at;
}

static void add_integer(struct text *text, struct field *field, uint64_t value, bool negative, unsigned base) {
  char buffer[72];
  int least = field->precision < 0 ? 1 : field->precision > 64 ? 64 : field->precision;
  if (field->precision >= 0) field->zero = false;
  char *at = digits(value, base, buffer + sizeof buffer, least);
  if (negative) *--at = '-';
  add_padded(text, field, at, (int)(buffer + sizeof buffer - at));
}

/* Fixed notation for magnitudes below 2^63, rounded half up; enough for times and rates. */
static void add_double(struct text *text, const struct field *field, double value) {
  char buffer[96];
  int places = field->precision < 0 ? 6 : field->precision > 15 ? 15 : field->precision;
  bool negative = value < 0;
  if (negative) value = -value;
  double scale = 1;
  for (int i = 0; i < places; i++) scale *= 10;
  uint64_t whole = (uint64_t)value;
  uint64_t fraction = (uint64_t)((value - (double)whole) * scale + 0.5);
  if (fraction >= (uint64_t)scale) {
    fraction -= (uint64_t)scale;
    whole++;
  }
  char *end = buffer + sizeof buffer;
  char *at = end;
  if (places > 0) {
    at = digits(fraction, 10, at, places);
    *--at = '.';
  }
  at = digits(whole, 10, at, 1);
  if (negative) *--at = '-';
  add_padded(text, field, at, (int)(end - at));
}

void text_format(struct text *text, const char *format, va_list arguments) {
  for (; *format; format++) {
    if (*format != '%') {
      text_char(text, *format);
      continue;
    }
    struct field field = {false, false, 0, -1};
    for (format++;; format++) {
      if (*format == '-') field.left = true;
      else if (*format == '0') field.zero = true;
      else break;
    }
    if (*format == '*') {
      field.width = va_arg(arguments, int);
      format++;
    } else {
      while (is_digit(*format)) field.width = field.width * 10 + (*format++ - '0');
    }
    if (*format == '.') {
      field.precision = 0;
      if (*++format == '*') {
        field.precision = va_arg(arguments, int);
        format++;
      } else {
        while (is_digit(*format)) field.precision = field.precision * 10 + (*format++ - '0');
      }
    }
    bool wide = false;
    for (; *format == 'l' || *format == 'z'; format++) wide = true;
    switch (*format) {
      case 'd': {
        int64_t value = wide ? va_arg(arguments, int64_t) : va_arg(arguments, int);
        add_integer(text, &field, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0, 10);
        break;
      }
      case 'u':
      case 'x':
      case 'o': {
        uint64_t value = wide ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned);
        add_integer(text, &field, value, false, *format == 'u' ? 10 : *format == 'x' ? 16 : 8);
        break;
      }
      case 'c': {
        char c = (char)va_arg(arguments, int);
        add_padded(text, &field, &c, 1);
        break;
      }
      case 's': {
        const char *s = va_arg(arguments, const char *);
        int length = 0;
        while ((field.precision < 0 || length < field.precision) && s[length]) length++;
        field.zero = false;
        add_padded(text, &field, s, length);
        break;
      }
      case 'f': add_double(text, &field, va_arg(arguments, double)); break;
      case 0: return;
      default: text_char(text, *format);
    }
  }
}

static char pending[4096];
static size_t pending_length;
static long pending_error;

long write_all(int fd, const char *from, size_t length) {
  while (length > 0) {
    long done = sys_write(fd, from, length);
    if (done == -EINTR) continue;
    if (done < 0) return done;
    from += done;
    length -= (size_t)done;
  }
  return 0;
}

int flush(void) {
  long error = write_all(1, pending, pending_length);
  if (error < 0 && pending_error == 0) pending_error = error;
  pending_length = 0;
  error = pending_error;
  pending_error = 0;
  return (int)error;
}

void print_bytes(const char *s, size_t length) {
  while (length > 0) {
    if (pending_length == sizeof pending) {
      long error = flush();
      if (error < 0) pending_error = error;
    }
    size_t part = sizeof pending - pending_length;
    if (part > length) part = length;
    memcpy(pending + pending_length, s, part);
    pending_length += part;
    s += part;
    length -= part;
  }
}

void print(const char *format, ...) {
  struct text text = {0};
  va_list arguments;
  va_start(arguments, format);
  text_format(&text, format, arguments);
  va_end(arguments);
  print_bytes(text.at ? text.at : "", text.length);
  release(text.at);
}

/* One write, so that lines of several processes do not mix. */
static void to_stderr(const char *format, va_list arguments) {
  struct text text = {0};
  text_add(&text, program, strlen(program));
  text_add(&text, ": ", 2);
  text_format(&text, format, arguments);
  text_char(&text, '\n');
  write_all(2, text.at, text.length);
  release(text.at);
}

void complain(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  to_stderr(format, arguments);
  va_end(arguments);
}

void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  to_stderr(format, arguments);
  va_end(arguments);
  leave(1);
}
