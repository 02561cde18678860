/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Three models written by hand, as compiler/Emit/Host would write them, so that the runtime can be tested without a
 * compiler.
 *
 * `fake_dense`: y[i, j] = 2 * x[i, j] + w[j], x and y f32[64, 1000], w the weights; a parallel loop over rows that goes
 * through scratch memory, as a kernel does. Two launches: the scaling into the arena, the addition out of it.
 * `fake_graph`: y[p] = number of edges ending in vertices of part p, f32[G]; inputs g.indptr, g.indices, part.
 * `fake_image`: y = image, f32[1, 3, 8, 6].
 */
#ifndef WEFT_FAKE_MODEL_H
#define WEFT_FAKE_MODEL_H

#include "runtime/src/common/model.h"
#include "runtime/src/common/weights.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { FAKE_ROWS = 64, FAKE_COLUMNS = 1000, FAKE_V = 50, FAKE_E = 200, FAKE_G = 8 };

extern weft_model fake_dense, fake_graph, fake_image;

/* The weights of fake_dense as a file would hold them: header, padding, data; w[j] = j. */
extern const unsigned char *fake_weights(size_t *bytes);

/* What the next kernel of fake_dense does wrong, if anything. */
enum fake_fault { FAKE_NONE, FAKE_SCRATCH_OVERFLOW, FAKE_TASK_FAILS, FAKE_DOUBLE_FREE };
extern int fake_fault;

#ifdef __cplusplus
}
#endif
#endif
