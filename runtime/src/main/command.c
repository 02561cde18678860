/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * The command from flags to exit code: read, create, run, write.
 */
#include "command.h"
#include "complain.h"
#include "output.h"
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_TRACE_EVENTS (1u << 20)

static double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

static int complainOf(const weft_session *session) { return weft_complain("%s", session->api->error_message()); }

/* ---- weights beside the program ---- */

/* NAME.weights in the folder of `image`, if there is such a file; the caller frees it. */
static char *weightsBeside(const weft_session *session, const char *image) {
  const char *slash = strrchr(image, '/');
  const size_t folder = slash ? (size_t)(slash - image) + 1 : 0, bytes = folder + strlen(session->info.name) + 9;
  char *file = malloc(bytes);
  if (file == NULL)
    return NULL;
  memcpy(file, image, folder);
  strcpy(file + folder, session->info.name);
  strcat(file, ".weights");
  if (access(file, R_OK) == 0)
    return file;
  free(file);
  return NULL;
}

static int createInstance(weft_session *session, const char *image) {
  char *beside = NULL;
  const char *weights = session->options.weights;
  if (weights == NULL && session->info.weights_in_file)
    weights = beside = weightsBeside(session, image);
  if (weights == NULL && session->info.weights_in_file)
    return weft_complain("the weights of `%s` are in a file of their own: give `--weights FILE`", session->info.name);
  if (weights != NULL)
    weft_output_spare(weights);
  const weft_status status =
      session->api->create(session->model, session->options.threads, NULL, weights, &session->instance);
  free(beside);
  if (status != WEFT_OK)
    return complainOf(session);
  if (session->options.verify && session->api->verify(session->instance) != WEFT_OK)
    return complainOf(session);
  return 0;
}

/* ---- tables ---- */

static int takeTables(weft_session *session) {
  const weft_info *info = &session->info;
  session->inputs = calloc((size_t)info->input_count + 1, sizeof *session->inputs);
  session->outputs = calloc((size_t)info->output_count + 1, sizeof *session->outputs);
  session->output_files = calloc((size_t)info->output_count + 1, sizeof *session->output_files);
  session->sizes = calloc((size_t)info->size_count + 1, sizeof *session->sizes);
  session->times_ms = calloc((size_t)session->options.repeat, sizeof *session->times_ms);
  if (session->inputs && session->outputs && session->output_files && session->sizes && session->times_ms)
    return 0;
  return weft_complain("no memory for %d runs", session->options.repeat);
}

static void release(weft_session *session) {
  session->api->destroy(session->instance);
  for (uint32_t i = 0; session->inputs != NULL && i < session->info.input_count; ++i)
    weft_array_free(&session->inputs[i]);
  for (uint32_t i = 0; session->outputs != NULL && i < session->info.output_count; ++i)
    weft_array_free(&session->outputs[i]);
  free(session->inputs);
  free(session->outputs);
  free(session->output_files);
  free(session->sizes);
  free(session->times_ms);
  free(session->events);
  weft_options_free(&session->options);
}

/* ---- runs ---- */

static int runOnce(weft_session *session) {
  return session->api->run(session->instance, session->inputs, session->outputs, session->sizes) == WEFT_OK
             ? 0
             : complainOf(session);
}

static int runTimed(weft_session *session) {
  for (int i = 0; i < session->options.repeat; ++i) {
    const double begin = milliseconds();
    if (runOnce(session) != 0)
      return WEFT_EXIT_ERROR;
    session->times_ms[i] = milliseconds() - begin;
  }
  return 0;
}

static uint32_t traceCapacity(const weft_session *session) {
  const uint64_t events = (uint64_t)session->info.launch_count * (uint64_t)session->options.repeat;
  return events < MAX_TRACE_EVENTS ? (uint32_t)events : MAX_TRACE_EVENTS;
}

static int startTrace(weft_session *session) {
  if (session->options.profile == NULL || traceCapacity(session) == 0)
    return 0;
  session->events = calloc(traceCapacity(session), sizeof *session->events);
  if (session->events == NULL)
    return weft_complain("no memory for a profile");
  return session->api->profile(session->instance, traceCapacity(session)) == WEFT_OK ? 0 : complainOf(session);
}

static int feeds(const weft_session *session) {
  const weft_extension *extension = session->extension;
  return extension != NULL && extension->feeds != NULL && extension->feeds(extension->self);
}

static int runOnInputs(weft_session *session) {
  for (int i = 0; i < session->options.warmup; ++i)
    if (runOnce(session) != 0)
      return WEFT_EXIT_ERROR;
  if (startTrace(session) != 0 || runTimed(session) != 0)
    return WEFT_EXIT_ERROR;
  if (session->events != NULL)
    session->event_count = session->api->profile_read(session->instance, session->events, traceCapacity(session));
  return 0;
}

static int runAll(weft_session *session) {
  const weft_extension *extension = session->extension;
  if (extension != NULL && extension->begin != NULL &&
      extension->begin(extension->self, session->model, session->instance, session->inputs, session->outputs) != 0)
    return WEFT_EXIT_ERROR;
  const int failed = feeds(session) ? extension->feed(extension->self, session) : runOnInputs(session);
  if (failed)
    return failed;
  return extension != NULL && extension->end != NULL ? extension->end(extension->self) : 0;
}

static int reportAll(const weft_session *session) {
  const weft_options *options = &session->options;
  if (weft_write_outputs(session) != 0)
    return WEFT_EXIT_ERROR;
  if (options->profile != NULL && weft_write_trace(session) != 0)
    return WEFT_EXIT_ERROR;
  if (options->top != 0 && weft_print_top(session) != 0)
    return WEFT_EXIT_ERROR;
  if (options->json != NULL)
    return weft_write_json(session);
  if (options->top == 0)
    weft_print_summary(session);
  return 0;
}

static int flushOutput(void) {
  return fflush(stdout) != 0 || ferror(stdout) ? weft_complain("cannot write standard output") : 0;
}

static int perform(weft_session *session, const char *image) {
  weft_output_spare(image);
  if (session->options.labels != NULL)
    weft_output_spare(session->options.labels);
  int failed = takeTables(session);
  if (!failed && feeds(session))
    failed = session->extension->prepare(session->extension->self, session);
  if (!failed)
    failed = weft_prepare_tensors(session);
  if (!failed)
    failed = createInstance(session, image);
  if (!failed)
    failed = weft_check_outputs(session);
  if (!failed)
    failed = runAll(session);
  if (!failed && !feeds(session))
    failed = reportAll(session);
  return failed ? failed : flushOutput();
}

int weft_command(const weft_model *model, const char *program, const char *image, int count, char **arguments,
                 const weft_extension *extension) {
  weft_complain_as(program);
  weft_session session = {.model = model, .api = model->api, .extension = extension};
  int code = weft_options_parse(count, arguments, extension, &session.options);
  session.api->get_info(model, &session.info);
  if (code == 0 && session.options.help) {
    weft_options_help(program, extension);
    code = flushOutput();
  } else if (code == 0 && session.options.info) {
    weft_print_info(&session);
    if (extension != NULL && extension->describe != NULL)
      extension->describe(extension->self, model);
    code = flushOutput();
  } else if (code == 0) {
    code = perform(&session, image);
  }
  release(&session);
  return code;
}
