/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Files written beside and renamed.
 */
#include "output.h"
#include "complain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int cannotWrite(const char *file) { return weft_complain("cannot write `%s`: %s", file, strerror(errno)); }

static int openDirectly(weft_output *output) {
  output->stream = fopen(output->file, "wb");
  return output->stream ? 0 : cannotWrite(output->file);
}

static void giveUsualMode(int descriptor) {
  const mode_t mask = umask(0);
  umask(mask);
  fchmod(descriptor, 0666 & ~mask);
}

static int openBeside(weft_output *output) {
  const size_t length = strlen(output->file);
  output->beside = malloc(length + 8);
  if (output->beside == NULL)
    return cannotWrite(output->file);
  memcpy(output->beside, output->file, length);
  memcpy(output->beside + length, ".XXXXXX", 8);
  const int descriptor = mkstemp(output->beside);
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
  if (rename(output->beside, output->file) != 0)
    return cannotWrite(output->file);
  free(output->beside);
  output->beside = NULL;
  return 0;
}

void weft_output_drop(weft_output *output) {
  if (output->stream != NULL && output->stream != stdout)
    fclose(output->stream);
  if (output->beside != NULL) {
    unlink(output->beside);
    free(output->beside);
  }
  *output = (weft_output){0};
}
