/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Is this really a graph? Kernels index with these values unchecked, so every run looks at all of them once: O(V + E),
 * in loops without branches; only a graph that fails is searched for the place.
 */
#include "error.h"
#include "instance.h"

#define BAD(...) weft_fail(WEFT_ERROR_GRAPH, __VA_ARGS__)

static int allBelow(const int32_t *values, int64_t count, int64_t limit) {
  uint32_t largest = 0; /* as unsigned numbers negative ones are the largest */
  for (int64_t i = 0; i < count; ++i)
    largest = (uint32_t)values[i] > largest ? (uint32_t)values[i] : largest;
  return count == 0 || largest < limit;
}

static weft_status checkBelow(const char *name, const int32_t *values, int64_t count, int64_t limit) {
  if (allBelow(values, count, limit))
    return WEFT_OK;
  int64_t i = 0;
  while (values[i] >= 0 && values[i] < limit)
    ++i;
  if (limit == 0)
    return BAD("`%s`[%lld] is %d, but there are 0 of what it numbers", name, (long long)i, values[i]);
  return BAD("`%s`[%lld] is %d; it must be 0 to %lld", name, (long long)i, values[i], (long long)limit - 1);
}

static int anyDecrease(const int32_t *values, int64_t count) {
  int any = 0;
  for (int64_t i = 1; i < count; ++i)
    any |= values[i] < values[i - 1];
  return any;
}

static weft_status checkIndptr(const char *name, const int32_t *indptr, int64_t vertices, int64_t edges) {
  if (indptr[0] != 0)
    return BAD("`%s`[0] is %d; it must be 0", name, indptr[0]);
  if (anyDecrease(indptr, vertices + 1)) {
    int64_t i = 1;
    while (indptr[i] >= indptr[i - 1])
      ++i;
    return BAD("`%s`[%lld] is %d, less than the %d before it; it must never decrease", name, (long long)i, indptr[i],
               indptr[i - 1]);
  }
  if (indptr[vertices] != edges)
    return BAD("`%s` ends with %d; it must end with the number of edges, %lld", name, indptr[vertices],
               (long long)edges);
  return WEFT_OK;
}

static weft_status checkGraph(const weft_instance *instance, const weft_model_graph *graph) {
  const weft_model *model = instance->model;
  const int64_t edges = weft_extent_value(instance->sizes, graph->edges);
  weft_status status = checkIndptr(model->inputs[graph->indptr].name, instance->inputs[graph->indptr],
                                   weft_extent_value(instance->sizes, graph->destinations), edges);
  if (status != WEFT_OK)
    return status;
  return checkBelow(model->inputs[graph->indices].name, instance->inputs[graph->indices], edges,
                    weft_extent_value(instance->sizes, graph->sources));
}

weft_status weft_check_graphs(const weft_instance *instance) {
  const weft_model *model = instance->model;
  weft_status status = WEFT_OK;
  for (uint32_t i = 0; i < model->graph_count && status == WEFT_OK; ++i)
    status = checkGraph(instance, &model->graphs[i]);
  for (uint32_t i = 0; i < model->input_count && status == WEFT_OK; ++i) {
    const weft_port *port = &model->inputs[i];
    if (port->role == WEFT_PORT_PART)
      status = checkBelow(port->name, instance->inputs[i], weft_extent_value(instance->sizes, port->dims[0]),
                          instance->sizes[port->graph]);
  }
  return status;
}
