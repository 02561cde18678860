/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * What a command tells about its runs: JSON, a Chrome trace, the best classes, a line for people.
 */
#include "complain.h"
#include "output.h"
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- times ---- */

static int compareTimes(const void *a, const void *b) {
  const double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

typedef struct statistics {
  double least, median;
} statistics;

static statistics summarize(const weft_session *session) {
  const size_t count = (size_t)session->options.repeat;
  double *sorted = malloc(count * sizeof *sorted);
  if (sorted == NULL)
    return (statistics){session->times_ms[0], session->times_ms[0]};
  memcpy(sorted, session->times_ms, count * sizeof *sorted);
  qsort(sorted, count, sizeof *sorted, compareTimes);
  const statistics out = {sorted[0], (sorted[(count - 1) / 2] + sorted[count / 2]) / 2};
  free(sorted);
  return out;
}

void weft_print_summary(const weft_session *session) {
  const statistics times = summarize(session);
  const int threads = session->api->instance_threads(session->instance);
  printf("%s: %.3f ms (median of %d, least %.3f ms, %d thread%s)\n", session->info.name, times.median,
         session->options.repeat, times.least, threads, threads == 1 ? "" : "s");
}

/* ---- JSON ---- */

/* Names come from files: everything but plain characters is escaped, `<` too, so that no reader is tricked. */
static void printString(FILE *stream, const char *text) {
  fputc('"', stream);
  for (const unsigned char *c = (const unsigned char *)text; *c; ++c)
    if (*c < 0x20 || *c == '"' || *c == '\\' || *c == '<' || *c == 0x7f)
      fprintf(stream, "\\u%04x", *c);
    else
      fputc(*c, stream);
  fputc('"', stream);
}

static void printJson(const weft_session *session, FILE *stream) {
  const statistics times = summarize(session);
  const weft_info *info = &session->info;
  const unsigned threads = (unsigned)session->api->instance_threads(session->instance);
  const unsigned further = threads > info->planned_threads ? threads - info->planned_threads : 0;
  fputs("{\n  \"name\": ", stream);
  printString(stream, info->name);
  fputs(",\n  \"target\": ", stream);
  printString(stream, info->target);
  fprintf(stream, ",\n  \"threads\": %u,\n  \"arena_bytes\": %llu,\n  \"weight_bytes\": %llu,\n", threads,
          (unsigned long long)(info->arena_bytes + further * info->thread_bytes),
          (unsigned long long)info->weight_bytes);
  fprintf(stream, "  \"min_ms\": %.6f,\n  \"median_ms\": %.6f,\n  \"times_ms\": [", times.least, times.median);
  for (int i = 0; i < session->options.repeat; ++i)
    fprintf(stream, "%s%.6f", i ? ", " : "", session->times_ms[i]);
  fputs("]\n}\n", stream);
}

static void printTrace(const weft_session *session, FILE *stream) {
  fputs("{\"displayTimeUnit\": \"ms\", \"traceEvents\": [", stream);
  const uint64_t begin = session->event_count ? session->events[0].start_ns : 0;
  for (uint32_t i = 0; i < session->event_count; ++i) {
    const weft_event *event = &session->events[i];
    fputs(i ? ",\n{\"name\": " : "\n{\"name\": ", stream);
    printString(stream, event->path);
    fputs(", \"cat\": \"kernel\", \"ph\": \"X\", \"pid\": 1, \"tid\": 1, ", stream);
    fprintf(stream, "\"ts\": %.3f, \"dur\": %.3f, \"args\": {\"kernel\": ", (double)(event->start_ns - begin) / 1e3,
            (double)(event->end_ns - event->start_ns) / 1e3);
    printString(stream, event->kernel);
    fputs("}}", stream);
  }
  fputs("\n]}\n", stream);
}

static int writeFile(const weft_session *session, const char *file, void (*print)(const weft_session *, FILE *)) {
  weft_output output;
  int failed = weft_output_open(&output, file);
  if (!failed) {
    print(session, output.stream);
    failed = weft_output_finish(&output) || weft_output_publish(&output);
  }
  weft_output_drop(&output);
  return failed;
}

int weft_write_json(const weft_session *session) { return writeFile(session, session->options.json, printJson); }

int weft_write_trace(const weft_session *session) { return writeFile(session, session->options.profile, printTrace); }

/* ---- the best classes ---- */

typedef struct labels {
  char *text;
  char **lines;
  size_t count;
} labels;

static void splitLines(labels *labels) {
  for (char *line = labels->text; *line;) {
    char *end = strchr(line, '\n');
    labels->lines[labels->count++] = line;
    if (end == NULL)
      return;
    if (end > line && end[-1] == '\r')
      end[-1] = 0;
    *end = 0;
    line = end + 1;
  }
}

static int readLabels(const char *file, labels *labels) {
  FILE *stream = fopen(file, "rb");
  if (stream == NULL)
    return weft_complain("cannot read `%s`: %s", file, strerror(errno));
  const size_t most = 16 << 20;
  labels->text = malloc(most + 1);
  const size_t bytes = labels->text ? fread(labels->text, 1, most, stream) : 0;
  const int failed = ferror(stream) || !feof(stream) || labels->text == NULL || memchr(labels->text, 0, bytes) != NULL;
  fclose(stream);
  if (failed)
    return weft_complain("`%s` is not a text of at most 16 MiB", file);
  labels->text[bytes] = 0;
  size_t lines = 1;
  for (size_t i = 0; i < bytes; ++i)
    lines += labels->text[i] == '\n';
  labels->lines = calloc(lines, sizeof *labels->lines);
  if (labels->lines == NULL)
    return weft_complain("no memory for labels");
  splitLines(labels);
  while (labels->count > 0 && labels->lines[labels->count - 1][0] == 0)
    --labels->count;
  return 0;
}

/* Prints the largest value not yet printed: not one larger than the last, and after it in place among equals. */
static int64_t nextLargest(const float *row, int64_t count, int64_t last) {
  int64_t best = -1;
  for (int64_t i = 0; i < count; ++i) {
    const int isLeft = last < 0 || row[i] < row[last] || (row[i] == row[last] && i > last);
    if (isLeft && (best < 0 || row[i] > row[best]))
      best = i;
  }
  return best;
}

static void printRow(const float *row, int64_t count, int top, const labels *labels) {
  int64_t last = -1;
  for (int k = 0; k < top; ++k) {
    last = nextLargest(row, count, last);
    if (last < 0)
      return;
    printf("  %-8lld %12.6g  %s\n", (long long)last, row[last],
           (size_t)last < labels->count ? labels->lines[last] : "");
  }
}

static void printRows(const weft_session *session, const labels *labels) {
  const weft_array *output = &session->outputs[0];
  const int64_t columns = output->rank ? output->dims[output->rank - 1] : 1;
  const int64_t count = weft_count(output->dims, output->rank, 4);
  for (int64_t row = 0; columns > 0 && row < count / columns; ++row) {
    printf("%s row %lld\n", session->info.outputs[0].name, (long long)row);
    printRow((const float *)output->data + row * columns, columns, session->options.top, labels);
  }
}

/* Names of other classes would stand beside the numbers. */
static int checkLabels(const weft_session *session, const labels *labels) {
  const weft_array *output = &session->outputs[0];
  const int64_t columns = output->rank ? output->dims[output->rank - 1] : 1;
  if ((int64_t)labels->count == columns)
    return 0;
  return weft_complain("`%s` holds %zu labels; a row of `%s` has %lld values", session->options.labels, labels->count,
                       session->info.outputs[0].name, (long long)columns);
}

int weft_print_top(const weft_session *session) {
  labels labels = {NULL, NULL, 0};
  if (session->info.output_count == 0 || session->outputs[0].dtype != WEFT_F32)
    return weft_complain("`--top` needs an output of f32");
  int failed = session->options.labels != NULL &&
               (readLabels(session->options.labels, &labels) || checkLabels(session, &labels));
  if (!failed)
    printRows(session, &labels);
  free(labels.lines);
  free(labels.text);
  return failed;
}

/* ---- information ---- */

static void printPort(const weft_session *session, const char *kind, const weft_port *port) {
  static const char *const dtypes[] = {"f32", "f64", "i32", "i64", "u8", "bool"};
  printf("%-7s %s: %s[", kind, port->name, dtypes[port->dtype]);
  for (uint32_t d = 0; d < port->rank; ++d) {
    const weft_extent extent = port->dims[d];
    const int plusOne = port->role == WEFT_PORT_INDPTR;
    if (extent >= 0)
      printf("%s%lld", d ? ", " : "", (long long)extent + plusOne);
    else
      printf("%s%s%s", d ? ", " : "", session->info.sizes[-(extent + 1)].name, plusOne ? " + 1" : "");
  }
  puts("]");
}

void weft_print_info(const weft_session *session) {
  const weft_info *info = &session->info;
  printf("%s for %s\n", info->name, info->target);
  for (uint32_t i = 0; i < info->input_count; ++i)
    printPort(session, "input", &info->inputs[i]);
  for (uint32_t i = 0; i < info->output_count; ++i)
    printPort(session, "output", &info->outputs[i]);
  for (uint32_t i = 0; i < info->size_count; ++i)
    printf("size    %s <= %lld\n", info->sizes[i].name, (long long)info->sizes[i].bound);
  printf("launches %u\n", info->launch_count);
  printf("arena   %llu bytes for %u thread%s + %llu for each further\n", (unsigned long long)info->arena_bytes,
         info->planned_threads, info->planned_threads == 1 ? "" : "s", (unsigned long long)info->thread_bytes);
  printf("weights %llu bytes%s\n", (unsigned long long)info->weight_bytes,
         info->weights_in_file ? ", in a file of their own" : "");
}
