/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Opens a model's weights: in the image, or a file mapped read-only, whose pages all instances share. Only the header
 * is read here; weft_verify reads the rest.
 */
#include "weights.h"
#include "checksum.h"
#include "error.h"
#include "instance.h"
#include "pages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BAD(...) weft_fail(WEFT_ERROR_WEIGHTS, __VA_ARGS__)

/* `available` is the number of bytes from the header on. */
static weft_status checkHeader(const weft_model *model, const weft_weights_header *header, uint64_t available,
                               const char *file) {
  if (available < sizeof *header || memcmp(header->magic, WEFT_WEIGHTS_MAGIC, sizeof header->magic) != 0)
    return BAD("`%s` is not a weft weights file", file);
  if (header->version != WEFT_WEIGHTS_VERSION || header->header_bytes != sizeof *header)
    return BAD("`%s` has weights format %u; this program reads format %u", file, header->version, WEFT_WEIGHTS_VERSION);
  if (weft_checksum(header, offsetof(weft_weights_header, header_checksum)) != header->header_checksum)
    return BAD("the header of `%s` is damaged", file);
  int ours = model->weights != NULL || header->header_checksum == model->weight_header_checksum;
  if (!ours || header->data_bytes != model->weight_bytes)
    return BAD("`%s` holds the weights of another compilation, not of this `%s`", file, model->name);
  if (header->data_offset % 64 != 0 || header->data_offset < sizeof *header || header->data_offset > available ||
      header->data_bytes != available - header->data_offset)
    return BAD("`%s` is truncated or too long: %llu bytes where its header says %llu + %llu", file,
               (unsigned long long)available, (unsigned long long)header->data_offset,
               (unsigned long long)header->data_bytes);
  return WEFT_OK;
}

static void useWeights(const weft_weights_header *header, weft_weights *weights) {
  weights->data = (const unsigned char *)header + header->data_offset;
  weights->bytes = header->data_bytes;
  weights->checksum = header->data_checksum;
  weft_prefer_huge(weights->data, weights->bytes);
  weft_populate(weights->data, weights->bytes, WEFT_POPULATE_READ);
}

static weft_status mapFile(const char *file, int descriptor, weft_weights *weights) {
  struct stat status;
  if (fstat(descriptor, &status) != 0)
    return BAD("cannot read `%s`: %s", file, strerror(errno));
  if (!S_ISREG(status.st_mode) || status.st_size < (off_t)sizeof(weft_weights_header))
    return BAD("`%s` is not a weft weights file", file);
  void *map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, descriptor, 0);
  if (map == MAP_FAILED)
    return BAD("cannot map `%s`: %s", file, strerror(errno));
  weights->map = map;
  weights->map_bytes = (size_t)status.st_size;
  madvise(map, weights->map_bytes, MADV_WILLNEED);
  return WEFT_OK;
}

static weft_status openFile(const weft_model *model, const char *file, weft_weights *weights) {
  int descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return BAD("cannot open `%s`: %s", file, strerror(errno));
  weft_status status = mapFile(file, descriptor, weights);
  close(descriptor);
  if (status == WEFT_OK)
    status = checkHeader(model, weights->map, weights->map_bytes, file);
  if (status == WEFT_OK)
    useWeights(weights->map, weights);
  return status;
}

static weft_status useImage(const weft_model *model, weft_weights *weights) {
  const weft_weights_header *header = model->weights;
  uint64_t bytes = header->data_offset + model->weight_bytes; /* an image has no end to compare with */
  weft_status status = checkHeader(model, header, bytes, model->name);
  if (status == WEFT_OK)
    useWeights(header, weights);
  return status;
}

weft_status weft_open_weights(const weft_model *model, const char *file, weft_weights *weights) {
  if (model->weight_bytes == 0 || model->weights != NULL) {
    if (file != NULL)
      return weft_fail(WEFT_ERROR_ARGUMENT, "`%s` carries its weights: it takes no weights file", model->name);
    return model->weight_bytes == 0 ? WEFT_OK : useImage(model, weights);
  }
  if (file == NULL)
    return BAD("the weights of `%s` are in a file of their own: give its name", model->name);
  return openFile(model, file, weights);
}

void weft_close_weights(weft_weights *weights) {
  if (weights->map != NULL)
    munmap(weights->map, weights->map_bytes);
}

weft_status weft_verify(const weft_instance *instance) {
  const weft_weights *weights = &instance->weights;
  if (weights->data != NULL && weft_checksum(weights->data, weights->bytes) != weights->checksum)
    return BAD("the weights of `%s` are damaged: their checksum differs", instance->model->name);
  return WEFT_OK;
}
