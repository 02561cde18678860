/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Status names and the text of each thread's last error.
 */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char lastMessage[WEFT_MESSAGE_BYTES];

weft_status weft_fail(weft_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(lastMessage, sizeof lastMessage, format, arguments);
  va_end(arguments);
  return status;
}

const char *weft_error_message(void) { return lastMessage; }

const char *weft_status_name(weft_status status) {
  switch (status) {
  case WEFT_OK:
    return "no error";
  case WEFT_ERROR_ARGUMENT:
    return "bad argument";
  case WEFT_ERROR_SHAPE:
    return "wrong shape";
  case WEFT_ERROR_GRAPH:
    return "not a graph";
  case WEFT_ERROR_MEMORY:
    return "out of memory";
  case WEFT_ERROR_CPU:
    return "unsuitable processor";
  case WEFT_ERROR_WEIGHTS:
    return "bad weights";
  case WEFT_ERROR_VERSION:
    return "wrong version";
  case WEFT_ERROR_BUSY:
    return "instance busy";
  case WEFT_ERROR_INTERNAL:
    return "internal error";
  }
  return "unknown status";
}
