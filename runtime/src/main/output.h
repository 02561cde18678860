/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Files that appear whole or not at all: written beside under another name, renamed at the end; an
 * interruption removes the other name. `-` is standard output; devices and pipes are written directly.
 */
#ifndef WEFT_OUTPUT_H
#define WEFT_OUTPUT_H

#include <stdio.h>

typedef struct weft_output {
  const char *file; /* kept, not copied */
  char *beside;     /* the other name, or NULL */
  char *target;     /* what `file` points to where it is a link, or NULL */
  FILE *stream;
} weft_output;

/* `file` was read, or written just now: no output takes its place. */
void weft_output_spare(const char *file);

/* Each 0, or 1 with a complaint. */
int weft_output_allowed(const char *file); /* known before the run what would be refused after it */
int weft_output_open(weft_output *output, const char *file);
int weft_output_finish(weft_output *output); /* all bytes are out, under the other name */
int weft_output_publish(weft_output *output);

/* Removes what was not published. Fine at any time, also twice, also on zeros. */
void weft_output_drop(weft_output *output);

#endif
