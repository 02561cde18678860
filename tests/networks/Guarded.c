/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Runs a network whose inputs, results and arena each end, or begin, at a page that nobody may touch: a kernel that reads
 * or writes beyond them dies. Inputs are drawn from a fixed seed; prints a checksum of the results.
 *
 *     guarded NETWORK.so THREADS begin|end
 */
#include "runtime/src/common/checksum.h"
#include "runtime/src/common/model.h"
#include "weft/runtime.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { page = 4096, mostPorts = 16, untouched = 0xA5 };

typedef struct block {
  unsigned char *data, *pages;
  size_t bytes, mapped;
} block;

static int atEnd;

static void fail(const char *what, const char *detail) {
  fprintf(stderr, "%s: %s\n", what, detail);
  exit(1);
}

/* As far at the side as `alignment` allows; what is left of its pages is filled, to see writes there. */
static block guarded(size_t bytes, size_t alignment) {
  block block = {.bytes = bytes, .mapped = (bytes + page - 1) / page * page};
  unsigned char *all = mmap(NULL, block.mapped + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED || mprotect(all + page, block.mapped, PROT_READ | PROT_WRITE) != 0)
    fail("guarded", "no memory");
  block.pages = all + page;
  block.data = block.pages + (atEnd ? (block.mapped - bytes) / alignment * alignment : 0);
  memset(block.pages, untouched, block.mapped);
  return block;
}

static void checkBeside(const block *block, const char *name) {
  for (size_t i = 0; i < block->mapped; ++i) {
    int inside = block->pages + i >= block->data && block->pages + i < block->data + block->bytes;
    if (!inside && block->pages[i] != untouched)
      fail(name, "bytes beside it were written");
  }
}

static weft_tensor tensorOf(const weft_port *port, block *block) {
  weft_tensor tensor = {.dtype = port->dtype, .rank = port->rank};
  size_t bytes = weft_dtype_bytes(port->dtype);
  for (uint32_t d = 0; d < port->rank; ++d)
    bytes *= (size_t)(tensor.dims[d] = port->dims[d]);
  *block = guarded(bytes, weft_dtype_bytes(port->dtype));
  tensor.data = block->data;
  return tensor;
}

static void draw(const block *block) {
  static uint32_t state = 1;
  float *values = (float *)block->data;
  for (size_t i = 0; i < block->bytes / sizeof *values; ++i) {
    state = state * 1664525u + 1013904223u;
    values[i] = (float)(state >> 8) * 0x1p-23f - 1.0f;
  }
  mprotect(block->pages, block->mapped, PROT_READ);
}

int main(int count, char **words) {
  if (count != 4)
    fail("usage", "guarded NETWORK.so THREADS begin|end");
  uint32_t threads = (uint32_t)atoi(words[2]);
  atEnd = strcmp(words[3], "end") == 0;
  void *library = dlopen(words[1], RTLD_NOW);
  const weft_model *(*query)(uint32_t) = NULL;
  if (library)
    *(void **)&query = dlsym(library, "weft_query");
  if (!query)
    fail("dlopen", dlerror());
  const weft_model *model = query(WEFT_ABI);
  const weft_api *api = model->api;
  weft_info info;
  api->get_info(model, &info);
  uint32_t further = threads > info.planned_threads ? threads - info.planned_threads : 0;
  block arena = guarded(info.arena_bytes + further * info.thread_bytes, 64), inputs[mostPorts], outputs[mostPorts];
  weft_instance *net = NULL;
  if (api->create(model, threads, arena.data, NULL, &net) != WEFT_OK)
    fail("create", api->error_message());
  weft_tensor from[mostPorts], to[mostPorts];
  for (uint32_t i = 0; i < info.input_count; ++i) {
    from[i] = tensorOf(&info.inputs[i], &inputs[i]);
    draw(&inputs[i]);
  }
  for (uint32_t i = 0; i < info.output_count; ++i)
    to[i] = tensorOf(&info.outputs[i], &outputs[i]);
  if (api->run(net, from, to, NULL) != WEFT_OK)
    fail("run", api->error_message());
  uint64_t sum = 0;
  for (uint32_t i = 0; i < info.output_count; ++i) {
    checkBeside(&outputs[i], info.outputs[i].name);
    sum = sum * 31 + weft_checksum(outputs[i].data, outputs[i].bytes);
  }
  checkBeside(&arena, "the arena");
  api->destroy(net);
  printf("%016llx\n", (unsigned long long)sum);
  return 0;
}
