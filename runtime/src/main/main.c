/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * `main` of every executable weftc makes.
 */
#include "command.h"
#include "complain.h"

#include <string.h>
#include <unistd.h>

static const char *baseName(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

int main(int count, char **arguments) {
  const weft_model *model = weft_query(WEFT_ABI);
  if (model == NULL)
    return weft_complain("the program and its runtime have different versions");
  char image[4096];
  const ssize_t length = readlink("/proc/self/exe", image, sizeof image - 1);
  image[length > 0 ? length : 0] = 0;
  const char *program = count > 0 ? baseName(arguments[0]) : model->name;
  return weft_command(model, program, image, count - 1, arguments + 1, NULL);
}
