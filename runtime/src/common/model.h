/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * What generated code and the runtime tell each other. compiler/Emit/Host writes one `weft_model` of constant data per
 * network and one host function; the runtime creates instances of it and calls that function. A change here is a change
 * of schema: raise WEFT_MODEL_ABI and mend compiler/Emit/Host/ModelLayout. Plain C99, no pointers that need a constructor.
 */
#ifndef WEFT_MODEL_H
#define WEFT_MODEL_H

#include <stddef.h>
#include <stdint.h>

#define WEFT_MODEL_ABI 1u

/* Size of one dimension: >= 0 a constant; < 0 the run-time size number -(1 + value) of weft_model.sizes. */
typedef int64_t weft_extent;

enum { WEFT_PORT_PLAIN = 0, WEFT_PORT_INDPTR = 1, WEFT_PORT_INDICES = 2, WEFT_PORT_EDGE = 3, WEFT_PORT_PART = 4 };

typedef struct weft_model_port {
  const char *name;          /* "image", "g.indptr", "g.edge.w" */
  const weft_extent *dims;   /* outermost first; C order, dense */
  uint32_t rank;
  uint32_t dtype;            /* weft_dtype of runtime.h */
  uint32_t role;             /* WEFT_PORT_* */
  uint32_t graph;            /* which of weft_model.graphs, for graph roles; for PART the size that bounds its values */
} weft_model_port;

typedef struct weft_model_size { /* a bounded run-time size: V, E, G */
  const char *name;
  int64_t bound;
} weft_model_size;

typedef struct weft_model_graph { /* compressed sparse rows by destination */
  const char *name;
  uint32_t indptr, indices;  /* input ports */
  weft_extent destinations, sources, edges;
} weft_model_graph;

typedef struct weft_model_event { /* one launch, for profiles */
  const char *path;          /* "layer1.0.conv1" */
  const char *kernel;        /* C symbol of the kernel */
} weft_model_event;

struct weft_frame;

typedef struct weft_model {
  uint32_t abi;              /* WEFT_MODEL_ABI */
  uint32_t flags;            /* 0 */
  const char *name;
  const char *target;        /* "cpu:znver4" */
  const char *const *cpu_features; /* names as in LLVM ("avx512f"), NULL-terminated: all needed */
  uint32_t input_count, output_count, size_count, graph_count, launch_count, reserved;
  const weft_model_port *inputs, *outputs;
  const weft_model_size *sizes;
  const weft_model_graph *graphs;
  const weft_model_event *events;
  uint64_t arena_bytes;      /* shared slices, 64-byte aligned */
  uint64_t thread_bytes;     /* scratch a worker needs on top; arena(T) = arena_bytes + T * thread_bytes */
  const void *weights;       /* packed weights in this image (with the header of weights.h), or NULL: beside, in a file */
  uint64_t weight_bytes;     /* of the data, header not counted */
  uint64_t weight_header_checksum; /* ties the file to this model */
  int (*run)(struct weft_frame *); /* the host function; 0 or a weft_status */
} weft_model;

/* One call of the host function. Kernels get `context` as Halide's user context. */
typedef struct weft_frame {
  void *context;             /* the instance's worker 0 */
  unsigned char *arena;
  const unsigned char *weights; /* first byte of the data, 64-byte aligned */
  void *const *inputs;
  void *const *outputs;
  const int64_t *sizes;      /* values of this run, <= bound */
  void (*event)(void *context, uint32_t launch, int end); /* NULL when not profiling */
} weft_frame;

#endif
