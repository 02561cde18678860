/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * How a function of the runtime fails: it returns weft_fail(status, reason), and the reason waits in this thread's
 * text.
 */
#ifndef WEFT_ERROR_H
#define WEFT_ERROR_H

#include "weft/runtime.h"

#define WEFT_MESSAGE_BYTES 512

/* Keeps the formatted reason for weft_error_message() and returns `status`. Longer reasons are cut. */
weft_status weft_fail(weft_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
