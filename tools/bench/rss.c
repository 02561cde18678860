/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Runs a program and writes its peak resident memory: rss FILE PROGRAM ARGUMENTS... A process that comes from Python begins
 * with Python's peak; one that comes from here with next to nothing. Kibibytes. Exits as the program does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments) {
  if (count < 3)
    return 2;
  pid_t child = fork();
  if (child == 0) {
    execv(arguments[2], arguments + 2);
    perror(arguments[2]);
    _exit(127);
  }
  int status;
  struct rusage usage;
  if (child < 0 || wait4(child, &status, 0, &usage) < 0)
    return 1;
  FILE *out = fopen(arguments[1], "w");
  if (!out || fprintf(out, "%ld\n", usage.ru_maxrss) < 0 || fclose(out) != 0)
    return 1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
