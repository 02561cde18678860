// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// `--weights=random:SEED`: weights that depend on nothing but the seed, the path and the shape, so that any program can
// draw the same ones. tests/support/weft_random.py is the same definition in Python.
//
// Element i of tensor `path` is low + (high - low) * u, computed in double and rounded to f32, where
//   u     = (splitmix(start, i) >> 40) * 2^-24                                     in [0, 1)
//   start = finish(seed + gamma) xor fnv1a64(path)
//   splitmix(start, i) = finish(start + (i + 1) * gamma), gamma = 0x9E3779B97F4A7C15, all modulo 2^64
//   finish(z): z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9; z = (z ^ z >> 27) * 0x94D049BB133111EB; z ^ z >> 31
// (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014.)
//
// The range keeps activations of deep networks at a sane size; the first row that fits counts:
//   path ends in `running_var`        0.5 ... 1.5
//   path ends in `running_mean`      -0.1 ... 0.1
//   rank >= 2                         -a ... a, a = sqrt(6 / (elements / first dimension))    (He et al., ICCV 2015)
//   path ends in `weight`, rank 0, 1  0.75 ... 1.25
//   others                           -0.1 ... 0.1
#pragma once

#include "compiler/Weights/HostTensor.h"

namespace weft {

HostTensor drawWeight(uint64_t seed, llvm::StringRef path, mlir::RankedTensorType type);

} // namespace weft
