/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * The hand-written models of the runtime's tests.
 */
#include "FakeModel.h"
#include "runtime/src/common/checksum.h"
#include "runtime/src/common/support.h"

#include <string.h>

int halide_do_par_for(void *context, int (*body)(void *, int, uint8_t *), int min, int size, uint8_t *closure);
void *halide_malloc(void *context, size_t bytes);
void halide_free(void *context, void *block);

int fake_fault;

/* ---- dense ---- */

typedef struct weights_image {
  weft_weights_header header;
  unsigned char padding[WEFT_WEIGHTS_DATA_OFFSET - sizeof(weft_weights_header)];
  float data[FAKE_COLUMNS];
} weights_image;

static _Alignas(4096) weights_image image;

typedef struct closure {
  const float *from;
  const float *addend; /* NULL: the scaling */
  float *to;
} closure;

/* Goes through two blocks of scratch, freed in the order they were taken, as Halide sometimes does. */
static int scaleRow(void *context, int row, uint8_t *argument) {
  const closure *c = (const closure *)(void *)argument;
  float *first = halide_malloc(context, FAKE_COLUMNS * sizeof(float));
  float *second = halide_malloc(context, FAKE_COLUMNS * sizeof(float));
  memcpy(first, c->from + row * FAKE_COLUMNS, FAKE_COLUMNS * sizeof(float));
  for (int j = 0; j < FAKE_COLUMNS; ++j)
    second[j] = 2 * first[j];
  halide_free(context, first);
  if (fake_fault == FAKE_DOUBLE_FREE && row == 7)
    halide_free(context, first);
  memcpy(c->to + row * FAKE_COLUMNS, second, FAKE_COLUMNS * sizeof(float));
  halide_free(context, second);
  if (fake_fault == FAKE_SCRATCH_OVERFLOW && row == 7)
    memset(halide_malloc(context, 1 << 20), 0, 1 << 20);
  return fake_fault == FAKE_TASK_FAILS && row == 7 ? -1 : 0;
}

static int addElement(void *context, int j, uint8_t *argument) {
  const closure *c = (const closure *)(void *)argument;
  c->to[j] = c->from[j] + c->addend[j];
  (void)context;
  return 0;
}

/* A loop inside a loop: the inner one must run serially. */
static int addRow(void *context, int row, uint8_t *argument) {
  const closure *c = (const closure *)(void *)argument;
  closure inner = {c->from + row * FAKE_COLUMNS, c->addend, c->to + row * FAKE_COLUMNS};
  return halide_do_par_for(context, addElement, 0, FAKE_COLUMNS, (uint8_t *)&inner);
}

static void tell(const weft_frame *frame, uint32_t launch, int end) {
  if (frame->event)
    frame->event(frame->context, launch, end);
}

/* Two rows of 4000 bytes, each rounded up to 64, for two threads behind the tensor. */
static const weft_model_scratch scalingScratch = {FAKE_ROWS * FAKE_COLUMNS * sizeof(float), 2 * 4032, 2 * 4032};

static int runDense(weft_frame *frame) {
  float *scaled = (float *)(void *)frame->arena;
  frame->scratch = &scalingScratch;
  closure scaling = {frame->inputs[0], NULL, scaled};
  tell(frame, 0, 0);
  halide_do_par_for(frame->context, scaleRow, 0, FAKE_ROWS, (uint8_t *)&scaling);
  tell(frame, 0, 1);
  closure addition = {scaled, (const float *)(const void *)frame->weights, frame->outputs[0]};
  frame->scratch = NULL;
  tell(frame, 1, 0);
  halide_do_par_for(frame->context, addRow, 0, FAKE_ROWS, (uint8_t *)&addition);
  tell(frame, 1, 1);
  return 0;
}

static const weft_extent denseDims[] = {FAKE_ROWS, FAKE_COLUMNS};
static const int64_t denseStrides[] = {FAKE_COLUMNS, 1};
static const weft_port denseInputs[] = {{"x", denseDims, 2, WEFT_F32, WEFT_PORT_PLAIN, 0}};
static const weft_port denseOutputs[] = {{"y", denseDims, 2, WEFT_F32, WEFT_PORT_PLAIN, 0}};
static const weft_model_event denseEvents[] = {{"scale", "fake_scale"}, {"add", "fake_add"}};
static const weft_model_view denseViews[] = {
    {"scale", 0, 0, 0, denseDims, denseStrides, 2, WEFT_F32, 0, 0, 0, NULL, NULL, 0},
    {"add", 1, 1, 0, denseDims, denseStrides, 2, WEFT_F32, 0, 0, 0, NULL, NULL, 0},
};
static const char *const denseFeatures[] = {"sse2", NULL};

weft_model fake_dense = {
    .abi = WEFT_MODEL_ABI,
    .name = "fake_dense",
    .target = "cpu:x86-64",
    .cpu_features = denseFeatures,
    .input_count = 1,
    .output_count = 1,
    .launch_count = 2,
    .view_count = 2,
    .inputs = denseInputs,
    .outputs = denseOutputs,
    .events = denseEvents,
    .arena_bytes = FAKE_ROWS * FAKE_COLUMNS * sizeof(float) + 2 * 2 * 4032,
    .thread_bytes = 2 * 4032,
    .planned_threads = 2,
    .weights = &image,
    .weight_bytes = sizeof image.data,
    .run = runDense,
    .api = &weft_runtime_api,
    .views = denseViews,
};

__attribute__((constructor)) static void makeWeights(void) {
  for (int j = 0; j < FAKE_COLUMNS; ++j)
    image.data[j] = (float)j;
  weft_weights_header header = {.version = WEFT_WEIGHTS_VERSION,
                                .header_bytes = sizeof header,
                                .data_offset = WEFT_WEIGHTS_DATA_OFFSET,
                                .data_bytes = sizeof image.data,
                                .model_checksum = 42,
                                .data_checksum = weft_checksum(image.data, sizeof image.data)};
  memcpy(header.magic, WEFT_WEIGHTS_MAGIC, sizeof header.magic);
  header.header_checksum = weft_checksum(&header, offsetof(weft_weights_header, header_checksum));
  image.header = header;
  fake_dense.weight_header_checksum = header.header_checksum;
}

const unsigned char *fake_weights(size_t *bytes) {
  *bytes = sizeof image;
  return (const unsigned char *)&image;
}

/* ---- graph ---- */

static int runGraph(weft_frame *frame) {
  const int32_t *indptr = frame->inputs[0], *part = frame->inputs[2];
  float *y = frame->outputs[0];
  tell(frame, 0, 0);
  for (int64_t g = 0; g < frame->sizes[2]; ++g)
    y[g] = 0;
  for (int64_t v = 0; v < frame->sizes[0]; ++v)
    y[part[v]] += (float)(indptr[v + 1] - indptr[v]);
  tell(frame, 0, 1);
  return 0;
}

#define SIZE(n) (-1 - (n))

static const weft_extent vertices[] = {SIZE(0)}, edges[] = {SIZE(1)}, parts[] = {SIZE(2)};
static const weft_port graphInputs[] = {
    {"g.indptr", vertices, 1, WEFT_I32, WEFT_PORT_INDPTR, 0},
    {"g.indices", edges, 1, WEFT_I32, WEFT_PORT_INDICES, 0},
    {"part", vertices, 1, WEFT_I32, WEFT_PORT_PART, 2},
};
static const weft_port graphOutputs[] = {{"y", parts, 1, WEFT_F32, WEFT_PORT_PLAIN, 0}};
static const weft_size graphSizes[] = {{"V", FAKE_V}, {"E", FAKE_E}, {"G", FAKE_G}};
static const weft_model_graph graphs[] = {{"g", 0, 1, SIZE(0), SIZE(0), SIZE(1)}};
static const weft_model_event graphEvents[] = {{"readout", "fake_count"}};

weft_model fake_graph = {
    .abi = WEFT_MODEL_ABI,
    .name = "fake_graph",
    .target = "cpu:x86-64",
    .input_count = 3,
    .output_count = 1,
    .size_count = 3,
    .graph_count = 1,
    .launch_count = 1,
    .planned_threads = 1,
    .inputs = graphInputs,
    .outputs = graphOutputs,
    .sizes = graphSizes,
    .graphs = graphs,
    .events = graphEvents,
    .run = runGraph,
    .api = &weft_runtime_api,
};

/* ---- image ---- */

static int runImage(weft_frame *frame) {
  tell(frame, 0, 0);
  memcpy(frame->outputs[0], frame->inputs[0], 3 * 8 * 6 * sizeof(float));
  tell(frame, 0, 1);
  return 0;
}

static const weft_extent imageDims[] = {1, 3, 8, 6};
static const weft_port imageInputs[] = {{"image", imageDims, 4, WEFT_F32, WEFT_PORT_PLAIN, 0}};
static const weft_port imageOutputs[] = {{"y", imageDims, 4, WEFT_F32, WEFT_PORT_PLAIN, 0}};
static const weft_model_event imageEvents[] = {{"copy", "fake_copy"}};

weft_model fake_image = {
    .abi = WEFT_MODEL_ABI,
    .name = "fake_image",
    .target = "cpu:x86-64",
    .input_count = 1,
    .output_count = 1,
    .launch_count = 1,
    .planned_threads = 1,
    .inputs = imageInputs,
    .outputs = imageOutputs,
    .events = imageEvents,
    .run = runImage,
    .api = &weft_runtime_api,
};
