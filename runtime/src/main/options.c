/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Parsing of `--flag VALUE` and `--flag=VALUE`, from one table.
 */
#include "options.h"
#include "command.h"
#include "complain.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { FLAG, NUMBER, SEED, TEXT, LIST };

typedef struct flag {
  const char *name, *value, *help;
  enum kind kind;
  size_t place; /* in weft_options */
  size_t count_place;
  int least, most;
} flag;

#define AT(field) offsetof(weft_options, field)
#define MANY 100000000

static const flag flags[] = {
    {"input", "[NAME=]FILE", "a tensor to read (.npy); NAME may be left out where there is one input", LIST, AT(inputs),
     AT(input_count), 0, 0},
    {"output", "[NAME=]FILE", "where to write a result (.npy)", LIST, AT(outputs), AT(output_count), 0, 0},
    {"size", "NAME=N", "value of a run-time size that no input has as a dimension", LIST, AT(sizes), AT(size_count), 0,
     0},
    {"random-inputs", "SEED", "inputs not given are drawn at random, reproducibly", SEED, AT(seed), 0, 0, 0},
    {"weights", "FILE", "the weights, where they are not in the program", TEXT, AT(weights), 0, 0, 0},
    {"threads", "N", "threads to compute with; default: all processors", NUMBER, AT(threads), 0, 1, WEFT_MAX_THREADS},
    {"repeat", "N", "runs to time; default 1", NUMBER, AT(repeat), 0, 1, MANY},
    {"warmup", "N", "runs before those; default 0", NUMBER, AT(warmup), 0, 0, MANY},
    {"json", "FILE", "times and sizes as JSON; `-` is standard output", TEXT, AT(json), 0, 0, 0},
    {"profile", "FILE", "a Chrome trace, one event a kernel", TEXT, AT(profile), 0, 0, 0},
    {"top", "K", "print the K largest values of the first output, row by row", NUMBER, AT(top), 0, 1, MANY},
    {"labels", "FILE", "a name for each value, one a line, for --top", TEXT, AT(labels), 0, 0, 0},
    {"info", NULL, "print inputs, outputs and sizes, and do nothing else", FLAG, AT(info), 0, 0, 0},
    {"verify", NULL, "compare the checksum of all weights first", FLAG, AT(verify), 0, 0, 0},
    {"help", NULL, "this text", FLAG, AT(help), 0, 0, 0},
};

static const flag *find(const char *name) {
  for (size_t i = 0; i < sizeof flags / sizeof *flags; ++i)
    if (strcmp(flags[i].name, name) == 0)
      return &flags[i];
  return NULL;
}

static int parseNumber(const flag *flag, const char *text, int *value) {
  char *end;
  errno = 0;
  const long number = strtol(text, &end, 10);
  if (errno != 0 || end == text || *end != 0 || number < flag->least || number > flag->most)
    return weft_complain_usage("`--%s` takes a number from %d to %d, not `%s`", flag->name, flag->least, flag->most,
                               text);
  *value = (int)number;
  return 0;
}

static int parseSeed(const flag *flag, const char *text, weft_options *options) {
  char *end;
  errno = 0;
  options->seed = strtoull(text, &end, 10);
  options->random = 1;
  if (errno != 0 || end == text || *end != 0 || *text == '-')
    return weft_complain_usage("`--%s` takes a number from 0 to 2^64 - 1, not `%s`", flag->name, text);
  return 0;
}

static int store(const flag *flag, const char *value, weft_options *options) {
  char *base = (char *)options;
  switch (flag->kind) {
  case FLAG:
    *(int *)(void *)(base + flag->place) = 1;
    return 0;
  case NUMBER:
    return parseNumber(flag, value, (int *)(void *)(base + flag->place));
  case SEED:
    return parseSeed(flag, value, options);
  case TEXT:
    *(const char **)(void *)(base + flag->place) = value;
    return 0;
  case LIST:
    (*(weft_binding **)(void *)(base + flag->place))[(*(uint32_t *)(void *)(base + flag->count_place))++].text = value;
    return 0;
  }
  return 0;
}

#define NAME_BYTES 32

/* A flag of one value, as it was given. */
typedef struct given {
  char name[NAME_BYTES];
  const char *value;
} given;

/* The arguments as a list, and how far it is read. */
typedef struct reader {
  int count, next;
  char **arguments;
  const weft_extension *extension;
  given *given;
  int given_count;
} reader;

/* How often a flag takes a value: what the extension's `knows` says of its own. */
enum { NEVER = 1, ONCE = 2, OFTEN = 3 };

static int takesValue(const reader *reader, const flag *flag, const char *name) {
  if (flag == NULL)
    return reader->extension->knows(reader->extension->self, name);
  return flag->kind == FLAG ? NEVER : flag->kind == LIST ? OFTEN : ONCE;
}

/* A flag given twice with two values has none that is meant. */
static int contradicts(reader *reader, const char *name, const char *value) {
  for (int i = 0; i < reader->given_count; ++i)
    if (strcmp(reader->given[i].name, name) == 0 && strcmp(reader->given[i].value, value) != 0)
      return weft_complain_usage("`--%s %s` and `--%s %s` contradict each other", name, reader->given[i].value, name,
                                 value);
  given *mine = &reader->given[reader->given_count++];
  strcpy(mine->name, name);
  mine->value = value;
  return 0;
}

static int takeFlag(reader *reader, const char *name, const char *value, weft_options *options) {
  const flag *flag = find(name);
  if (flag == NULL && (reader->extension == NULL || !reader->extension->knows(reader->extension->self, name)))
    return weft_complain_usage("there is no option `--%s`", name);
  const int takes = takesValue(reader, flag, name);
  if (takes == NEVER && value != NULL)
    return weft_complain_usage("`--%s` takes no value", name);
  if (takes != NEVER && value == NULL) {
    if (reader->next == reader->count)
      return weft_complain_usage("`--%s` needs a value%s%s", name, flag ? ": " : "", flag ? flag->value : "");
    value = reader->arguments[reader->next++];
  }
  if (takes == ONCE && contradicts(reader, name, value))
    return WEFT_EXIT_USAGE;
  return flag ? store(flag, value, options) : reader->extension->option(reader->extension->self, name, value);
}

static int takeArgument(reader *reader, weft_options *options) {
  const char *argument = reader->arguments[reader->next++];
  if (strcmp(argument, "-h") == 0)
    return takeFlag(reader, "help", NULL, options);
  if (strncmp(argument, "--", 2) != 0)
    return weft_complain_usage("`%s` is not an option", argument);
  char name[NAME_BYTES];
  const char *equals = strchr(argument, '=');
  const size_t length = equals ? (size_t)(equals - argument - 2) : strlen(argument) - 2;
  if (length >= sizeof name)
    return weft_complain_usage("there is no option `%s`", argument);
  memcpy(name, argument + 2, length);
  name[length] = 0;
  return takeFlag(reader, name, equals ? equals + 1 : NULL, options);
}

int weft_options_parse(int count, char **arguments, const weft_extension *extension, weft_options *options) {
  *options = (weft_options){.repeat = 1};
  options->inputs = calloc((size_t)count + 1, sizeof *options->inputs);
  options->outputs = calloc((size_t)count + 1, sizeof *options->outputs);
  options->sizes = calloc((size_t)count + 1, sizeof *options->sizes);
  given *given = calloc((size_t)count + 1, sizeof *given);
  if (options->inputs == NULL || options->outputs == NULL || options->sizes == NULL || given == NULL) {
    free(given);
    return weft_complain("no memory for the command line");
  }
  reader reader = {count, 0, arguments, extension, given, 0};
  int failed = 0;
  while (!failed && reader.next < count)
    failed = takeArgument(&reader, options);
  free(given);
  if (!failed && options->top != 0 && options->json != NULL && strcmp(options->json, "-") == 0)
    return weft_complain_usage("`--top` and `--json -` would both print on standard output: give `--json` a file");
  return failed;
}

void weft_options_free(weft_options *options) {
  free(options->inputs);
  free(options->outputs);
  free(options->sizes);
}

void weft_options_help(const char *usage, const weft_extension *extension) {
  printf("usage: %s [options]\n\n", usage);
  for (size_t i = 0; i < sizeof flags / sizeof *flags; ++i) {
    char left[48];
    snprintf(left, sizeof left, "--%s %s", flags[i].name, flags[i].value ? flags[i].value : "");
    printf("  %-24s %s\n", left, flags[i].help);
  }
  if (extension != NULL)
    fputs(extension->help, stdout);
}
