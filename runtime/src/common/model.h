/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * What generated code and the runtime tell each other. compiler/Emit/Host writes one `weft_model` of constant data per
 * network and one host function; the runtime creates instances of it and calls that function. A change here is a change
 * of schema: raise WEFT_ABI and mend compiler/Emit/Host/ModelLayout. Plain C99, no pointers that need a constructor.
 */
#ifndef WEFT_MODEL_H
#define WEFT_MODEL_H

#include "../../include/weft/runtime.h" /* relative: the compiler includes this file from the root */

#define WEFT_MODEL_ABI WEFT_ABI

typedef weft_port weft_model_port; /* name, dims, rank, dtype, role, graph: see runtime.h */
typedef weft_size weft_model_size; /* name, bound */

typedef struct weft_model_graph { /* compressed sparse rows by destination */
  const char *name;
  uint32_t indptr, indices; /* input ports */
  weft_extent destinations, sources, edges;
} weft_model_graph;

typedef struct weft_model_event { /* one launch, for profiles */
  const char *path;               /* "layer1.0.conv1" */
  const char *kernel;             /* C symbol of the kernel */
} weft_model_event;

/* One dimension of the picture a result was made from: element i of dimension `dim` of the result depends on picture
 * elements from jump * i + start, `size` of them (padding included); with `dim` -1 on all. */
typedef struct weft_model_axis {
  int32_t dim;
  uint32_t picture_dim; /* of the input port */
  double jump, start, size;
} weft_model_axis;

/* Where a launch leaves one of its results, as it is stored: element (i0, i1, ...) is at `offset` bytes plus
 * sum(i_d * strides[d]) elements. */
typedef struct weft_model_view {
  const char *path;        /* the launch's */
  uint32_t launch;         /* valid after this launch, until its memory is reused */
  uint32_t output;         /* 0: in the arena; n: in output port n - 1 */
  int64_t offset;          /* bytes from there */
  const weft_extent *dims; /* outermost first */
  const int64_t *strides;  /* elements */
  uint32_t rank, dtype;
  uint32_t channels;           /* stored in blocks, [N, C/16, ..., 16] or [C/16, 16]: how many there are; 0: as `dims` say */
  uint32_t picture;            /* the input port its receptive field lies in */
  uint32_t axis_count;         /* 0: it depends on no picture, or nothing is known */
  const weft_model_axis *axes; /* the receptive field */
  const int64_t *parts;        /* channels in blocks: each part begins with one */
  uint32_t part_count;
} weft_model_view;

/* Where the threads of one launch take the blocks their kernel asks for, each from the end of its share down. Worker 0
 * has the first `bytes` from `offset` in the arena, worker i < planned_threads the i-th `worker_bytes` behind them, any
 * further one the beginning of its own thread_bytes behind the arena. */
typedef struct weft_model_scratch {
  uint64_t offset, bytes, worker_bytes; /* multiples of 64 */
} weft_model_scratch;

struct weft_frame;

struct weft_model {
  uint32_t abi;   /* WEFT_MODEL_ABI */
  uint32_t flags; /* 0 */
  const char *name;
  const char *target;              /* "cpu:znver4" */
  const char *const *cpu_features; /* names as in LLVM ("avx512f"), NULL-terminated: all needed */
  uint32_t input_count, output_count, size_count, graph_count, launch_count, view_count;
  const weft_model_port *inputs, *outputs;
  const weft_model_size *sizes;
  const weft_model_graph *graphs;
  const weft_model_event *events;
  uint64_t arena_bytes;  /* of tensors and the scratch memory of up to planned_threads threads; a multiple of 64 */
  uint64_t thread_bytes; /* each further thread adds: the most worker_bytes of any launch */
  uint32_t planned_threads; /* 1 or more */
  const void *weights;   /* packed weights in this image (with the header of weights.h), or NULL: beside, in a file */
  uint64_t weight_bytes; /* of the data, header not counted; 0: the model has none */
  uint64_t weight_header_checksum; /* `header_checksum` of the one weights file that fits this model; of no meaning in an image */
  int (*run)(struct weft_frame *); /* the host function; 0 or a weft_status */
  const weft_api *api;             /* &weft_runtime_api: the runtime this image is linked with */
  const weft_model_view *views;    /* view_count of them, ordered by launch; may be NULL: nothing to dump */
};

/* One call of the host function. Kernels get `context` as Halide's user context. */
typedef struct weft_frame {
  void *context; /* the instance's worker 0 */
  unsigned char *arena;
  const unsigned char *weights; /* first byte of the data, 64-byte aligned */
  void *const *inputs;
  void *const *outputs;
  const int64_t *sizes;                                   /* values of this run, <= bound */
  void (*event)(void *context, uint32_t launch, int end); /* NULL when nobody listens */
  const weft_model_scratch *scratch; /* of the launch that runs, set before each; NULL: its kernel asks for nothing */
} weft_frame;

#endif
