/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * One use of the command: a model, what was asked for, the tensors of its runs and their times.
 */
#ifndef WEFT_SESSION_H
#define WEFT_SESSION_H

#include "command.h"
#include "options.h"

typedef struct weft_session {
  const weft_model *model;
  const weft_api *api;
  const weft_extension *extension;
  weft_options options;
  weft_info info;
  weft_instance *instance;
  weft_array *inputs, *outputs;
  const char **output_files; /* NULL: not wanted */
  int64_t *sizes;            /* -1: not known yet */
  double *times_ms;
  weft_event *events;
  uint32_t event_count;
} weft_session;

/* Each 0, or an exit code with a complaint. */
int weft_prepare_tensors(weft_session *session); /* reads inputs, makes room for outputs (tensors.c) */
int weft_check_outputs(const weft_session *session); /* that none takes the place of a file that was read */
int weft_write_outputs(const weft_session *session);
int weft_write_json(const weft_session *session); /* (report.c) */
int weft_write_trace(const weft_session *session);
int weft_print_top(const weft_session *session);
void weft_print_info(const weft_session *session);
void weft_print_summary(const weft_session *session);

#endif
