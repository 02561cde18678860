/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * The public functions as a table, which every model points to.
 */
#include "instance.h"

static void observe(weft_instance *instance, void (*seen)(void *user, uint32_t launch, int end), void *user,
                    const unsigned char **arena) {
  instance->seen = seen;
  instance->seen_user = user;
  *arena = instance->arena;
}

const weft_api weft_runtime_api = {
    .abi = WEFT_ABI,
    .bytes = sizeof(weft_api),
    .create = weft_create,
    .run = weft_run,
    .destroy = weft_destroy,
    .get_info = weft_get_info,
    .instance_threads = weft_instance_threads,
    .verify = weft_verify,
    .error_message = weft_error_message,
    .profile = weft_profile,
    .profile_read = weft_profile_read,
    .observe = observe,
};
