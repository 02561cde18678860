/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * The command line of an executable, as a function; weft-run calls it with a model it has loaded and with an extension.
 */
#ifndef WEFT_COMMAND_H
#define WEFT_COMMAND_H

#include "array.h"

#include "../common/model.h"

struct weft_session;

/* What weft-run adds. Functions may be NULL. Results: 0 done; 1 failed, with a complaint. */
typedef struct weft_extension {
  const char *help; /* lines for --help */
  void *self;
  /* Is `name` (without dashes) one of its flags? 0 no; 1 yes; 2 yes, and it takes a value; 3 one each
   * time it is given. */
  int (*knows)(void *self, const char *name);
  int (*option)(void *self, const char *name, const char *value);
  /* Reads a file of a kind only it knows; *mine says whether it is one. */
  int (*read)(void *self, const char *file, const weft_info *info, const weft_port *port, weft_array *array, int *mine);
  /* Before the first run, and after the last; `outputs` are those of the run. */
  int (*begin)(void *self, const weft_model *model, weft_instance *instance, const weft_tensor *inputs,
               const weft_tensor *outputs);
  int (*end)(void *self);
  /* More lines for --info. */
  void (*describe)(void *self, const weft_model *model);
  /* Whether it feeds the network many inputs itself. Then `prepare` makes room for them before inputs are checked, and
   * `feed` stands for the timed runs and for what is told of them. Both give an exit code. */
  int (*feeds)(void *self);
  int (*prepare)(void *self, struct weft_session *session);
  int (*feed)(void *self, struct weft_session *session);
} weft_extension;

/* `image` is the file the model lies in: weights beside it are found as NAME.weights. Returns the exit code. */
int weft_command(const weft_model *model, const char *program, const char *image, int count, char **arguments,
                 const weft_extension *extension);

#endif
