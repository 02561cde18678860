/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * The flags an executable and weft-run share.
 */
#ifndef WEFT_OPTIONS_H
#define WEFT_OPTIONS_H

#include "weft/runtime.h"

/* [NAME=]FILE or NAME=N, as given. */
typedef struct weft_binding {
  const char *text;
} weft_binding;

typedef struct weft_options {
  weft_binding *inputs, *outputs, *sizes;
  uint32_t input_count, output_count, size_count;
  const char *json, *profile, *labels, *weights;
  int threads, repeat, warmup, top;
  int info, verify, help, random;
  uint64_t seed;
} weft_options;

struct weft_extension;

/* Flags into options; those unknown here are offered to the extension (may be NULL). 0, or an exit code with a
 * complaint. */
int weft_options_parse(int count, char **arguments, const struct weft_extension *extension, weft_options *options);
void weft_options_free(weft_options *options);

void weft_options_help(const char *usage, const struct weft_extension *extension);

#endif
