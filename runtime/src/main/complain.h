/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * How the command line reports: one line on standard error, and an exit code.
 */
#ifndef WEFT_COMPLAIN_H
#define WEFT_COMPLAIN_H

enum { WEFT_EXIT_OK = 0, WEFT_EXIT_ERROR = 1, WEFT_EXIT_USAGE = 2 };

/* The name errors begin with; kept, not copied. */
void weft_complain_as(const char *program);

/* Prints `program: error: ...` and returns WEFT_EXIT_ERROR. */
int weft_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same with a hint at --help; returns WEFT_EXIT_USAGE. */
int weft_complain_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
