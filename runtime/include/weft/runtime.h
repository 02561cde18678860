/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * The one public header of weft: what a program needs to run a compiled network. Plain C99; the code behind it is
 * libweft_runtime.a (libc and pthreads only). A program usually includes a network's own header, NAME.h, which includes
 * this one and declares, for a network called NAME:
 *
 *   typedef struct weft_instance NAME;
 *   weft_status NAME_create(int max_threads, void *arena, const char *weights_file, NAME **net);
 *   void        NAME_info(weft_info *info);
 *   weft_status NAME_run(NAME *net, const weft_tensor *inputs, const weft_tensor *outputs, const int64_t *sizes);
 *   void        NAME_destroy(NAME *net);
 *   const char *NAME_error_message(void);
 *   extern const weft_model NAME_model;
 *
 * Each is weft_create(&NAME_model, ...), weft_get_info(&NAME_model, ...), weft_run(...), weft_destroy(...),
 * weft_error_message() below; the generated header adds names for port numbers, shapes and byte counts. A shared library
 * has a runtime of its own inside. It exports these six names and `const weft_model *weft_query(uint32_t abi)`, which an
 * executable holds too: the model, or NULL when `abi` is not the WEFT_ABI it was built with. Programs that link two
 * networks as static libraries link one runtime.
 *
 * OWNERSHIP. The caller owns the memory of all tensors and keeps it alive during weft_run only. An arena passed to
 * weft_create stays the caller's and must outlive the instance; with NULL the instance maps and releases its own.
 * Weights are read-only and shared: all instances of a model use the same memory (the image, or the same pages of the
 * mapped file). Nothing returned by these functions is to be freed but instances, by weft_destroy.
 *
 * THREADS. An instance runs on the thread that calls weft_run plus max_threads - 1 workers of its own, which spin at
 * most 100 microseconds after the last task and then sleep. Nothing is pinned. One instance serves one call at a time
 * (a second gets WEFT_ERROR_BUSY); different instances, of one model or of several, may run at once. Results have the
 * same bits for every number of threads. After fork the child must not run an instance of its parent; it may destroy
 * it. The first model that needs tile registers (AMX) makes weft_create ask Linux for them; from then on Linux wants
 * alternate signal stacks (sigaltstack) of at least getauxval(AT_MINSIGSTKSZ) bytes, some 12 KiB, and refuses smaller ones.
 *
 * MEMORY. Between weft_create and weft_destroy nothing allocates, frees, maps or unmaps memory, weft_profile excepted.
 *
 * ERRORS. Every function that can fail returns a weft_status; weft_error_message() is then the reason in words, one
 * line, kept per thread until that thread's next failing call. A failed weft_run leaves the outputs unspecified and the
 * instance usable. Bad tensors, graphs and files are found before a kernel sees them. Pointers to objects of this API
 * and output parameters must be valid; data pointers of tensors must point to as many bytes as their shape says.
 */
#ifndef WEFT_RUNTIME_H
#define WEFT_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of this header's structs and of weft_model. A model of another version is refused by weft_create. */
#define WEFT_ABI 4u

#define WEFT_MAX_RANK 6
#define WEFT_MAX_THREADS 256

/* Alignment, in bytes, an arena passed to weft_create must have. Tensors need only the alignment of their element. */
#define WEFT_ALIGNMENT 64

typedef enum weft_status {
  WEFT_OK = 0,
  WEFT_ERROR_ARGUMENT = 1, /* a null pointer, a count, a thread number that makes no sense */
  WEFT_ERROR_SHAPE = 2,    /* an input or output of the wrong dtype, rank or shape, or a size over its bound */
  WEFT_ERROR_GRAPH = 3,    /* indptr or indices that are not a graph, or part values out of range */
  WEFT_ERROR_MEMORY = 4,   /* the system has no memory or no thread to give; only from weft_create and weft_profile */
  WEFT_ERROR_CPU = 5,      /* this processor lacks an instruction set the network was compiled for, or the system refuses it */
  WEFT_ERROR_WEIGHTS = 6,  /* weights missing, damaged, or another model's */
  WEFT_ERROR_VERSION = 7,  /* model and runtime have different WEFT_ABI */
  WEFT_ERROR_BUSY = 8,     /* this instance is running on another thread */
  WEFT_ERROR_INTERNAL = 9  /* a kernel broke a promise of the compiler: please report it */
} weft_status;

typedef enum weft_dtype {
  WEFT_F32 = 0,
  WEFT_F64 = 1,
  WEFT_I32 = 2,
  WEFT_I64 = 3,
  WEFT_U8 = 4,
  WEFT_BOOL = 5 /* one byte, 0 or 1 */
} weft_dtype;

/* A dense tensor in C order, in host memory. */
typedef struct weft_tensor {
  void *data;                  /* first element; may be NULL if a dimension is 0; never written for inputs */
  uint32_t dtype;              /* weft_dtype */
  uint32_t rank;               /* <= WEFT_MAX_RANK */
  int64_t dims[WEFT_MAX_RANK]; /* elements, outermost first */
} weft_tensor;

/* A dimension of a port: >= 0 the number of elements; < 0 the run-time size number -(1 + value) of weft_info.sizes. */
typedef int64_t weft_extent;

enum weft_role {
  WEFT_PORT_PLAIN = 0,
  WEFT_PORT_INDPTR = 1,  /* i32[V + 1] for V destinations: dims of the tensor is V + 1, of this port V */
  WEFT_PORT_INDICES = 2, /* i32[E], the source of each edge, edges sorted by destination */
  WEFT_PORT_EDGE = 3,    /* one row an edge */
  WEFT_PORT_PART = 4     /* i32[V], the part each vertex belongs to; see weft_port.graph */
};

/* What one input or output of a network looks like. */
typedef struct weft_port {
  const char *name;        /* "image", "g.indptr", "g.edge.w" */
  const weft_extent *dims; /* outermost first */
  uint32_t rank;
  uint32_t dtype; /* weft_dtype */
  uint32_t role;  /* enum weft_role */
  uint32_t graph; /* which graph, for graph roles; for WEFT_PORT_PART which size bounds its values */
} weft_port;

/* A size known only when running, such as V, E or G. */
typedef struct weft_size {
  const char *name;
  int64_t bound; /* largest value a run may have */
} weft_size;

typedef struct weft_info {
  const char *name;   /* the network's */
  const char *target; /* what it was compiled for: "cpu:znver4" */
  uint32_t input_count, output_count, size_count;
  uint32_t launch_count; /* kernels launched in one run */
  const weft_port *inputs, *outputs;
  const weft_size *sizes;
  uint64_t arena_bytes;     /* an arena for up to planned_threads threads */
  uint64_t thread_bytes;    /* each further thread adds so many */
  uint32_t planned_threads; /* 1 or more */
  uint64_t weight_bytes; /* packed, as they lie in memory */
  int weights_in_file;   /* 1: weft_create needs a weights file; 0: the weights are in the program's image */
} weft_info;

typedef struct weft_model weft_model; /* constant data written by the compiler */
typedef struct weft_instance weft_instance;

/* Makes an instance: checks the processor, maps and checks the weights (their header only; see weft_verify), starts the
 * workers, lays out the arena.
 *   max_threads   1 to WEFT_MAX_THREADS; 0 means as many as this process may use
 *   arena         NULL, or memory aligned to WEFT_ALIGNMENT of arena_bytes bytes, and thread_bytes more for each thread
 *                 above planned_threads (not where max_threads is 0)
 *   weights_file  NULL, or the file to take the weights from; needed if weft_info.weights_in_file, else refused
 *   instance      set to the new instance, or to NULL on failure */
weft_status weft_create(const weft_model *model, int max_threads, void *arena, const char *weights_file,
                        weft_instance **instance);

/* Runs the network once. `inputs` and `outputs` have one entry a port, in the order of weft_info.
 *   sizes  NULL, or one value for each of weft_info.sizes; a negative one is taken from the shapes. Sizes are bound by
 *          `sizes` first, then by the shapes of the inputs, then by those of the outputs; all must agree. */
weft_status weft_run(weft_instance *instance, const weft_tensor *inputs, const weft_tensor *outputs,
                     const int64_t *sizes);

/* Stops the workers and releases what weft_create took. NULL is fine. Not while the instance runs. */
void weft_destroy(weft_instance *instance);

void weft_get_info(const weft_model *model, weft_info *info);

/* The model an instance was made from, and the number of threads it has. */
const weft_model *weft_instance_model(const weft_instance *instance);
int weft_instance_threads(const weft_instance *instance);

/* Reads all weights and compares their checksum. */
weft_status weft_verify(const weft_instance *instance);

/* Why the last failing call of this thread failed; "" if none did. Never NULL. */
const char *weft_error_message(void);

/* A short fixed text for a status: "wrong shape". */
const char *weft_status_name(weft_status status);

/* Bytes of one element; 0 for an unknown dtype. */
size_t weft_dtype_bytes(uint32_t dtype);

/* One launch of a kernel, in nanoseconds of the monotonic clock. */
typedef struct weft_event {
  const char *path;   /* the layer: "layer1.0.conv1" */
  const char *kernel; /* the kernel's symbol */
  uint64_t start_ns, end_ns;
} weft_event;

/* Starts recording into a ring of `capacity` events, the newest kept; 0 stops and frees the ring. */
weft_status weft_profile(weft_instance *instance, uint32_t capacity);

/* Copies up to `max` recorded events, oldest first, forgets all, and returns how many it copied. */
uint32_t weft_profile_read(weft_instance *instance, weft_event *events, uint32_t max);

/* The functions above as a table. A model points to the table of the runtime it was linked with, so that a program that
 * opens a shared library at run time (weft-run) uses that library's runtime. */
typedef struct weft_api {
  uint32_t abi;   /* WEFT_ABI */
  uint32_t bytes; /* sizeof(weft_api) */
  weft_status (*create)(const weft_model *, int, void *, const char *, weft_instance **);
  weft_status (*run)(weft_instance *, const weft_tensor *, const weft_tensor *, const int64_t *);
  void (*destroy)(weft_instance *);
  void (*get_info)(const weft_model *, weft_info *);
  int (*instance_threads)(const weft_instance *);
  weft_status (*verify)(const weft_instance *);
  const char *(*error_message)(void);
  weft_status (*profile)(weft_instance *, uint32_t);
  uint32_t (*profile_read)(weft_instance *, weft_event *, uint32_t);
  /* Calls `seen(user, launch, end)` before (end = 0) and after (1) each launch of later runs; NULL stops. `*arena` is
   * set to the first byte of the arena. For tools that look at values between kernels. */
  void (*observe)(weft_instance *, void (*seen)(void *user, uint32_t launch, int end), void *user,
                  const unsigned char **arena);
} weft_api;

extern const weft_api weft_runtime_api;

/* Exported by every compiled shared library, and present in every compiled executable; not in this runtime. */
const weft_model *weft_query(uint32_t abi);

#ifdef __cplusplus
}
#endif
#endif
