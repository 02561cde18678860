/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Errors of the command line.
 */
#include "complain.h"

#include <stdarg.h>
#include <stdio.h>

static const char *name = "weft";

void weft_complain_as(const char *program) { name = program; }

static void print(const char *format, va_list arguments) {
  fflush(stdout);
  fprintf(stderr, "%s: error: ", name);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
}

int weft_complain(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print(format, arguments);
  va_end(arguments);
  return WEFT_EXIT_ERROR;
}

int weft_complain_usage(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print(format, arguments);
  va_end(arguments);
  fprintf(stderr, "%s: `--help` lists the options\n", name);
  return WEFT_EXIT_USAGE;
}
