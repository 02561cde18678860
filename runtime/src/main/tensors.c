/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * The tensors of a command: which file belongs to which port, what the run-time sizes are, room for the results.
 */
#include "complain.h"
#include "output.h"
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

/* The port a binding names, and the file. A text without a known `NAME=` is a file when there is only one port. */
static int resolve(const char *flag, const char *text, const weft_port *ports, uint32_t count, uint32_t *port,
                   const char **file) {
  const char *equals = strchr(text, '=');
  for (uint32_t i = 0; equals != NULL && i < count; ++i)
    if (strlen(ports[i].name) == (size_t)(equals - text) &&
        strncmp(ports[i].name, text, (size_t)(equals - text)) == 0) {
      *port = i;
      *file = equals + 1;
      return 0;
    }
  if (count == 1 && (equals == NULL || memchr(text, '/', (size_t)(equals - text)) != NULL)) {
    *port = 0;
    *file = text;
    return 0;
  }
  if (equals == NULL)
    return weft_complain("`--%s %s` does not say which of the %u tensors: write NAME=%s", flag, text, count, text);
  char names[256] = "";
  for (uint32_t i = 0; i < count && strlen(names) + strlen(ports[i].name) + 8 < sizeof names; ++i) {
    strcat(names, i ? ", `" : "`");
    strcat(names, ports[i].name);
    strcat(names, "`");
  }
  return weft_complain("there is no %s `%.*s`; there is %s", flag, (int)(equals - text), text, names);
}

/* ---- sizes ---- */

static int parseSize(weft_session *session, const char *text) {
  const char *equals = strchr(text, '=');
  for (uint32_t i = 0; equals != NULL && i < session->info.size_count; ++i) {
    const weft_size *size = &session->info.sizes[i];
    if (strlen(size->name) != (size_t)(equals - text) || strncmp(size->name, text, (size_t)(equals - text)) != 0)
      continue;
    char *end;
    errno = 0;
    const long long value = strtoll(equals + 1, &end, 10);
    if (errno != 0 || end == equals + 1 || *end != 0 || value < 0 || value > size->bound)
      return weft_complain("`--size %s`: %s is a number from 0 to %lld", text, size->name, (long long)size->bound);
    if (session->sizes[i] >= 0)
      return weft_complain("the size %s is given twice", size->name);
    session->sizes[i] = value;
    return 0;
  }
  return weft_complain("`--size %s` names no run-time size of `%s`; `--info` lists them", text, session->info.name);
}

/* What a tensor's shape says about sizes not known yet. Contradictions are found by the run. */
static int learnSizes(weft_session *session, const weft_port *port, const weft_array *array) {
  for (uint32_t d = 0; d < port->rank && port->rank == array->rank; ++d) {
    if (port->dims[d] >= 0)
      continue;
    const weft_size *size = &session->info.sizes[-(port->dims[d] + 1)];
    const int64_t value = array->dims[d] - (port->role == WEFT_PORT_INDPTR);
    if (value < 0 || value > size->bound)
      return weft_complain("the shape of `%s` makes %s = %lld; it must be 0 to %lld", port->name, size->name,
                           (long long)value, (long long)size->bound);
    if (session->sizes[size - session->info.sizes] < 0)
      session->sizes[size - session->info.sizes] = value;
  }
  return 0;
}

static int takeSizes(weft_session *session) {
  for (uint32_t i = 0; i < session->info.size_count; ++i)
    session->sizes[i] = -1;
  for (uint32_t i = 0; i < session->options.size_count; ++i)
    if (parseSize(session, session->options.sizes[i].text) != 0)
      return WEFT_EXIT_ERROR;
  return 0;
}

/* Sizes that only random inputs could tell are as large as they may be. */
static int settleSizes(weft_session *session) {
  for (uint32_t i = 0; i < session->info.size_count; ++i) {
    const weft_size *size = &session->info.sizes[i];
    if (session->sizes[i] >= 0)
      continue;
    if (!session->options.random)
      return weft_complain("the size %s is not known from any input: give `--size %s=N`, at most %lld", size->name,
                           size->name, (long long)size->bound);
    session->sizes[i] = size->bound;
  }
  return 0;
}

static int64_t extentValue(const weft_session *session, weft_extent extent) {
  return extent >= 0 ? extent : session->sizes[-(extent + 1)];
}

static int makeRoom(const weft_session *session, const weft_port *port, weft_array *array) {
  *array = (weft_array){.dtype = port->dtype, .rank = port->rank};
  for (uint32_t d = 0; d < port->rank; ++d)
    array->dims[d] = extentValue(session, port->dims[d]) + (port->role == WEFT_PORT_INDPTR);
  return weft_array_allocate(array, port->name);
}

/* ---- inputs ---- */

static int readFile(weft_session *session, const char *file, const weft_port *port, weft_array *array) {
  weft_output_spare(file);
  const weft_extension *extension = session->extension;
  int mine = 0;
  if (extension != NULL && extension->read != NULL) {
    const int failed = extension->read(extension->self, file, &session->info, port, array, &mine);
    if (mine || failed)
      return failed;
  }
  return weft_npy_read(file, &session->info, port, array);
}

static int readInputs(weft_session *session) {
  for (uint32_t i = 0; i < session->options.input_count; ++i) {
    uint32_t port;
    const char *file;
    if (resolve("input", session->options.inputs[i].text, session->info.inputs, session->info.input_count, &port,
                &file))
      return WEFT_EXIT_ERROR;
    if (session->inputs[port].data != NULL)
      return weft_complain("`%s` is given twice", session->info.inputs[port].name);
    if (readFile(session, file, &session->info.inputs[port], &session->inputs[port]) != 0)
      return WEFT_EXIT_ERROR;
    if (learnSizes(session, &session->info.inputs[port], &session->inputs[port]) != 0)
      return WEFT_EXIT_ERROR;
  }
  return 0;
}

/* Values of graph ports have a limit: edges for indptr, sources for indices, parts for part. */
static int64_t limitOf(const weft_session *session, uint32_t input) {
  const weft_port *port = &session->info.inputs[input];
  const weft_model *model = session->model;
  if (port->role == WEFT_PORT_INDPTR)
    return extentValue(session, model->graphs[port->graph].edges);
  if (port->role == WEFT_PORT_INDICES)
    return extentValue(session, model->graphs[port->graph].sources);
  return port->role == WEFT_PORT_PART ? session->sizes[port->graph] : 0;
}

static int fillMissingInputs(weft_session *session) {
  for (uint32_t i = 0; i < session->info.input_count; ++i) {
    const weft_port *port = &session->info.inputs[i];
    if (session->inputs[i].data != NULL)
      continue;
    if (!session->options.random)
      return weft_complain("the input `%s` is missing: give `--input %s=FILE.npy`, or `--random-inputs SEED`",
                           port->name, port->name);
    if (makeRoom(session, port, &session->inputs[i]) != 0)
      return WEFT_EXIT_ERROR;
    weft_random_fill(session->options.seed, i, port, limitOf(session, i), &session->inputs[i]);
  }
  return 0;
}

/* ---- outputs ---- */

static int assignOutputs(weft_session *session) {
  for (uint32_t i = 0; i < session->options.output_count; ++i) {
    uint32_t port;
    const char *file;
    if (resolve("output", session->options.outputs[i].text, session->info.outputs, session->info.output_count, &port,
                &file))
      return WEFT_EXIT_ERROR;
    if (session->output_files[port] != NULL)
      return weft_complain("`%s` is given twice", session->info.outputs[port].name);
    session->output_files[port] = file;
  }
  return 0;
}

static int missingInput(const weft_session *session) {
  for (uint32_t i = 0; i < session->info.input_count; ++i)
    if (session->inputs[i].data == NULL)
      return 1;
  return 0;
}

int weft_prepare_tensors(weft_session *session) {
  if (assignOutputs(session) != 0 || takeSizes(session) != 0 || readInputs(session) != 0)
    return WEFT_EXIT_ERROR;
  /* A missing file is what the user should hear of first, before sizes it would have told. */
  if (missingInput(session) && !session->options.random)
    return fillMissingInputs(session);
  if (settleSizes(session) != 0 || fillMissingInputs(session) != 0)
    return WEFT_EXIT_ERROR;
  for (uint32_t i = 0; i < session->info.output_count; ++i)
    if (makeRoom(session, &session->info.outputs[i], &session->outputs[i]) != 0)
      return WEFT_EXIT_ERROR;
  return 0;
}

int weft_check_outputs(const weft_session *session) {
  const weft_options *options = &session->options;
  for (uint32_t i = 0; i < session->info.output_count; ++i)
    if (session->output_files[i] != NULL && weft_output_allowed(session->output_files[i]) != 0)
      return WEFT_EXIT_ERROR;
  return (options->json != NULL && weft_output_allowed(options->json) != 0) ||
         (options->profile != NULL && weft_output_allowed(options->profile) != 0);
}

/* All files are complete before the first gets its name. */
int weft_write_outputs(const weft_session *session) {
  const uint32_t count = session->info.output_count;
  weft_output *outputs = calloc((size_t)count + 1, sizeof *outputs);
  if (outputs == NULL)
    return weft_complain("no memory to write outputs");
  int failed = 0;
  for (uint32_t i = 0; i < count && !failed; ++i)
    if (session->output_files[i] != NULL)
      failed = weft_output_open(&outputs[i], session->output_files[i]) ||
               weft_npy_write(&outputs[i], &session->outputs[i]) || weft_output_finish(&outputs[i]);
  for (uint32_t i = 0; i < count && !failed; ++i)
    failed = weft_output_publish(&outputs[i]);
  for (uint32_t i = 0; i < count; ++i)
    weft_output_drop(&outputs[i]);
  free(outputs);
  return failed;
}
