/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * What a host function tells about its launches: a ring of timed events, and a listener for tools.
 */
#include "error.h"
#include "instance.h"

#include <stdlib.h>
#include <time.h>

static uint64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void push(weft_recorder *recorder, weft_event event) {
  uint32_t place = (recorder->first + recorder->count) % recorder->capacity;
  recorder->events[place] = event;
  if (recorder->count < recorder->capacity)
    ++recorder->count;
  else
    recorder->first = (recorder->first + 1) % recorder->capacity;
}

void weft_record_event(void *context, uint32_t launch, int end) {
  weft_instance *instance = ((weft_worker *)context)->instance;
  weft_recorder *recorder = &instance->recorder;
  if (recorder->capacity != 0 && end) {
    const weft_model_event *description = &instance->model->events[launch];
    push(recorder, (weft_event){description->path, description->kernel, recorder->start_ns, nanoseconds()});
  }
  if (instance->seen != NULL)
    instance->seen(instance->seen_user, launch, end);
  if (recorder->capacity != 0 && !end)
    recorder->start_ns = nanoseconds();
}

weft_status weft_profile(weft_instance *instance, uint32_t capacity) {
  weft_event *events = capacity ? calloc(capacity, sizeof *events) : NULL;
  if (capacity != 0 && events == NULL)
    return weft_fail(WEFT_ERROR_MEMORY, "no memory for %u profile events", capacity);
  free(instance->recorder.events);
  instance->recorder = (weft_recorder){.events = events, .capacity = capacity};
  return WEFT_OK;
}

uint32_t weft_profile_read(weft_instance *instance, weft_event *events, uint32_t max) {
  weft_recorder *recorder = &instance->recorder;
  const uint32_t count = recorder->count < max ? recorder->count : max;
  for (uint32_t i = 0; i < count; ++i)
    events[i] = recorder->events[(recorder->first + i) % recorder->capacity];
  recorder->first = recorder->count = 0;
  return count;
}
