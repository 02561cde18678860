/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Files written beside and renamed.
 */
#include "output.h"
#include "complain.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int cannotWrite(const char *file) { return weft_complain("cannot write `%s`: %s", file, strerror(errno)); }

/* ---- files that stay ---- */

static struct file_number {
  dev_t device;
  ino_t number;
} *spared;
static size_t spareCount, spareRoom;

void weft_output_spare(const char *file) {
  struct stat status;
  if (stat(file, &status) != 0 || !S_ISREG(status.st_mode))
    return;
  if (spareCount == spareRoom) {
    const size_t room = 2 * spareRoom + 16;
    struct file_number *more = realloc(spared, room * sizeof *spared);
    if (more == NULL)
      return;
    spared = more;
    spareRoom = room;
  }
  spared[spareCount++] = (struct file_number){status.st_dev, status.st_ino};
}

int weft_output_allowed(const char *file) {
  struct stat status;
  if (strcmp(file, "-") == 0 || stat(file, &status) != 0)
    return 0;
  for (size_t i = 0; i < spareCount; ++i)
    if (spared[i].device == status.st_dev && spared[i].number == status.st_ino)
      return weft_complain("`%s` is a file this run reads or has written: give the output another name", file);
  return 0;
}

/* ---- */

static int openDirectly(weft_output *output) {
  output->stream = fopen(output->file, "wb");
  return output->stream ? 0 : cannotWrite(output->file);
}

static void giveUsualMode(int descriptor) {
  const mode_t mask = umask(0);
  umask(mask);
  fchmod(descriptor, 0666 & ~mask);
}

/* ---- what an interruption removes ---- */

#define MOST_UNFINISHED 64

static char *volatile unfinished[MOST_UNFINISHED]; /* names beside; more than these may be left behind */

static void removeUnfinished(int number) {
  for (int i = 0; i < MOST_UNFINISHED; ++i)
    if (unfinished[i] != NULL)
      unlink(unfinished[i]);
  signal(number, SIG_DFL); /* and then as if nobody had waited for it */
  raise(number);
}

/* Signals somebody else waits for, or ignores, stay theirs. A file over the user's limit is an error of writing, like a full
 * disk. */
static void watchSignals(void) {
  static int isWatching;
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU};
  for (size_t i = 0; !isWatching && i < sizeof numbers / sizeof *numbers; ++i) {
    const struct sigaction mine = {.sa_handler = removeUnfinished};
    struct sigaction before;
    if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
      sigaction(numbers[i], &mine, NULL);
  }
  struct sigaction large;
  if (!isWatching && sigaction(SIGXFSZ, NULL, &large) == 0 && large.sa_handler == SIG_DFL)
    signal(SIGXFSZ, SIG_IGN);
  isWatching = 1;
}

static void rememberUnfinished(char *beside, char *instead) {
  for (int i = 0; i < MOST_UNFINISHED; ++i)
    if (unfinished[i] == beside) {
      unfinished[i] = instead;
      return;
    }
}

/* ---- */

/* A descriptor of a new file whose name is `stem` and six letters, or -1. Signals wait until it is remembered. */
static int makeBeside(weft_output *output, const char *stem) {
  const size_t length = strlen(stem);
  output->beside = malloc(length + 8);
  if (output->beside == NULL)
    return -1;
  memcpy(output->beside, stem, length);
  memcpy(output->beside + length, ".XXXXXX", 8);
  watchSignals();
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &before);
  const int descriptor = mkstemp(output->beside);
  if (descriptor >= 0)
    rememberUnfinished(NULL, output->beside);
  sigprocmask(SIG_SETMASK, &before, NULL);
  return descriptor;
}

static void forgetBeside(weft_output *output) {
  rememberUnfinished(output->beside, NULL);
  free(output->beside);
  output->beside = NULL;
}

/* What a link points to is replaced, not the link. */
static int openBeside(weft_output *output) {
  struct stat status;
  if (lstat(output->file, &status) == 0 && S_ISLNK(status.st_mode))
    output->target = realpath(output->file, NULL);
  const int descriptor = makeBeside(output, output->target ? output->target : output->file);
  if (descriptor < 0) {
    const int failed = cannotWrite(output->file);
    free(output->beside);
    output->beside = NULL;
    return failed;
  }
  giveUsualMode(descriptor);
  output->stream = fdopen(descriptor, "wb");
  return output->stream ? 0 : cannotWrite(output->file);
}

int weft_output_open(weft_output *output, const char *file) {
  *output = (weft_output){.file = file};
  struct stat status;
  if (strcmp(file, "-") == 0) {
    output->stream = stdout;
    return 0;
  }
  if (stat(file, &status) == 0 && S_ISDIR(status.st_mode))
    return weft_complain("cannot write `%s`: it is a folder", file);
  if (weft_output_allowed(file) != 0)
    return WEFT_EXIT_ERROR;
  return stat(file, &status) == 0 && !S_ISREG(status.st_mode) ? openDirectly(output) : openBeside(output);
}

int weft_output_finish(weft_output *output) {
  FILE *stream = output->stream;
  output->stream = NULL;
  const int earlier = ferror(stream);
  const int failed = stream == stdout ? fflush(stream) : fclose(stream);
  return earlier || failed ? cannotWrite(output->file) : 0;
}

int weft_output_publish(weft_output *output) {
  if (output->beside == NULL)
    return 0;
  if (weft_output_allowed(output->file) != 0)
    return WEFT_EXIT_ERROR;
  if (rename(output->beside, output->target ? output->target : output->file) != 0)
    return cannotWrite(output->file);
  weft_output_spare(output->file);
  forgetBeside(output);
  return 0;
}

void weft_output_drop(weft_output *output) {
  if (output->stream != NULL && output->stream != stdout)
    fclose(output->stream);
  if (output->beside != NULL) {
    unlink(output->beside);
    forgetBeside(output);
  }
  free(output->target);
  *output = (weft_output){0};
}
