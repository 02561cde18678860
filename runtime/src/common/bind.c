/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Binding: the tensors of a run against the ports of the model. Run-time sizes get their values here, and every shape
 * is compared; no kernel sees a tensor that did not pass.
 */
#include "error.h"
#include "instance.h"

#include <stdio.h>
#include <string.h>

#define UNBOUND (-1)

int64_t weft_extent_value(const int64_t *sizes, weft_extent extent) {
  return extent >= 0 ? extent : sizes[-(extent + 1)];
}

size_t weft_dtype_bytes(uint32_t dtype) {
  static const unsigned char bytes[] = {4, 8, 4, 8, 1, 1};
  return dtype < sizeof bytes ? bytes[dtype] : 0;
}

static const char *dtypeName(uint32_t dtype) {
  static const char *const names[] = {"f32", "f64", "i32", "i64", "u8", "bool"};
  return dtype < sizeof names / sizeof *names ? names[dtype] : "unknown";
}

/* ---- texts ---- */

typedef struct text {
  char bytes[160];
  size_t used;
} text;

static void append(text *text, const char *piece) {
  size_t left = sizeof text->bytes - text->used;
  int wrote = snprintf(text->bytes + text->used, left, "%s", piece);
  text->used += (size_t)wrote < left ? (size_t)wrote : left - 1;
}

static void appendDim(text *text, uint32_t position, const char *dim) {
  append(text, position ? ", " : "[");
  append(text, dim);
}

static text describePort(const weft_model *model, const weft_port *port) {
  text out = {{0}, 0};
  append(&out, dtypeName(port->dtype));
  for (uint32_t d = 0; d < port->rank; ++d) {
    char number[24];
    weft_extent extent = port->dims[d];
    snprintf(number, sizeof number, "%lld", (long long)(extent + (port->role == WEFT_PORT_INDPTR)));
    appendDim(&out, d, extent >= 0 ? number : model->sizes[-(extent + 1)].name);
    if (extent < 0 && port->role == WEFT_PORT_INDPTR)
      append(&out, " + 1");
  }
  append(&out, port->rank ? "]" : "[]");
  return out;
}

static text describeTensor(const weft_tensor *tensor) {
  text out = {{0}, 0};
  append(&out, dtypeName(tensor->dtype));
  for (uint32_t d = 0; d < tensor->rank; ++d) {
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)tensor->dims[d]);
    appendDim(&out, d, number);
  }
  append(&out, tensor->rank ? "]" : "[]");
  return out;
}

static weft_status wrongShape(const weft_model *model, const weft_port *port, const weft_tensor *tensor) {
  text wanted = describePort(model, port);
  if (tensor->rank > WEFT_MAX_RANK)
    return weft_fail(WEFT_ERROR_SHAPE, "`%s` has rank %u; it must be %s", port->name, tensor->rank, wanted.bytes);
  text given = describeTensor(tensor);
  return weft_fail(WEFT_ERROR_SHAPE, "`%s` is %s; it must be %s", port->name, given.bytes, wanted.bytes);
}

/* ---- sizes ---- */

/* What dimension `d` of the tensor says about the port's extent there. */
static int64_t extentGiven(const weft_port *port, const weft_tensor *tensor, uint32_t d) {
  return tensor->dims[d] - (port->role == WEFT_PORT_INDPTR);
}

static weft_status bindSize(weft_instance *instance, uint32_t size, int64_t value, const char *source) {
  const weft_size *description = &instance->model->sizes[size];
  if (value < 0 || value > description->bound)
    return weft_fail(WEFT_ERROR_SHAPE, "%s makes %s = %lld; it must be 0 to %lld", source, description->name,
                     (long long)value, (long long)description->bound);
  if (instance->sizes[size] != UNBOUND && instance->sizes[size] != value)
    return weft_fail(WEFT_ERROR_SHAPE, "%s makes %s = %lld, but it is %lld elsewhere", source, description->name,
                     (long long)value, (long long)instance->sizes[size]);
  instance->sizes[size] = value;
  return WEFT_OK;
}

static weft_status bindPort(weft_instance *instance, const weft_port *port, const weft_tensor *tensor) {
  if (tensor->dtype != port->dtype || tensor->rank != port->rank)
    return wrongShape(instance->model, port, tensor);
  char source[96];
  snprintf(source, sizeof source, "the shape of `%.80s`", port->name);
  for (uint32_t d = 0; d < port->rank; ++d) {
    const int64_t given = extentGiven(port, tensor, d);
    if (port->dims[d] >= 0 ? given != port->dims[d] : given < 0)
      return wrongShape(instance->model, port, tensor);
    if (port->dims[d] >= 0)
      continue;
    weft_status status = bindSize(instance, (uint32_t) - (port->dims[d] + 1), given, source);
    if (status != WEFT_OK)
      return status;
  }
  return WEFT_OK;
}

static weft_status bindGivenSizes(weft_instance *instance, const int64_t *sizes) {
  const weft_model *model = instance->model;
  for (uint32_t i = 0; i < model->size_count; ++i)
    instance->sizes[i] = UNBOUND;
  for (uint32_t i = 0; sizes != NULL && i < model->size_count; ++i) {
    weft_status status = sizes[i] < 0 ? WEFT_OK : bindSize(instance, i, sizes[i], "the argument `sizes`");
    if (status != WEFT_OK)
      return status;
  }
  return WEFT_OK;
}

static weft_status requireAllSizes(const weft_instance *instance) {
  const weft_model *model = instance->model;
  for (uint32_t i = 0; i < model->size_count; ++i)
    if (instance->sizes[i] == UNBOUND)
      return weft_fail(WEFT_ERROR_SHAPE, "nothing says what %s is: no tensor has it as a dimension, so the run must",
                       model->sizes[i].name);
  return WEFT_OK;
}

/* ---- tensors ---- */

static int isEmpty(const weft_tensor *tensor) {
  for (uint32_t d = 0; d < tensor->rank; ++d)
    if (tensor->dims[d] == 0)
      return 1;
  return 0;
}

static weft_status takeTensors(weft_instance *instance, const weft_port *ports, uint32_t count,
                               const weft_tensor *tensors, void **pointers) {
  for (uint32_t i = 0; i < count; ++i) {
    weft_status status = bindPort(instance, &ports[i], &tensors[i]);
    if (status != WEFT_OK)
      return status;
    if (tensors[i].data == NULL && !isEmpty(&tensors[i]))
      return weft_fail(WEFT_ERROR_ARGUMENT, "`%s` has no data", ports[i].name);
    if ((uintptr_t)tensors[i].data % weft_dtype_bytes(ports[i].dtype) != 0)
      return weft_fail(WEFT_ERROR_ARGUMENT, "`%s` is not aligned to its elements", ports[i].name);
    pointers[i] = tensors[i].data;
  }
  return WEFT_OK;
}

weft_status weft_bind(weft_instance *instance, const weft_tensor *inputs, const weft_tensor *outputs,
                      const int64_t *sizes) {
  const weft_model *model = instance->model;
  if ((inputs == NULL && model->input_count != 0) || (outputs == NULL && model->output_count != 0))
    return weft_fail(WEFT_ERROR_ARGUMENT, "no %s", inputs == NULL ? "inputs" : "outputs");
  weft_status status = bindGivenSizes(instance, sizes);
  if (status == WEFT_OK)
    status = takeTensors(instance, model->inputs, model->input_count, inputs, instance->inputs);
  if (status == WEFT_OK)
    status = takeTensors(instance, model->outputs, model->output_count, outputs, instance->outputs);
  if (status == WEFT_OK)
    status = requireAllSizes(instance);
  return status == WEFT_OK ? weft_check_graphs(instance) : status;
}
