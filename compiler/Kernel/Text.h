// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The text form of a KernelDesc: complete, readable and stable. It is what helper processes read, what the object cache
// hashes and what a reproducer holds. parse(print(desc)) is desc, print(parse(text)) is the canonical text.
//
//   kernel dense {
//     operand x f32 [?, 64] strides [?, 1]
//     operand w f32 [64, 16] strides [16, 1]
//     operand b f32 [16] strides [1]
//     output y f32 [?, 16] strides [?, 1]
//     stage sum f32 [n < y.0, c < 16] {
//       init @b[c]
//       update [k < w.0]
//       value = add(acc, mul(@x[n, k], @w[k, c]))
//     }
//     stage relu f32 [n < y.0, c < 16] holds y {
//       init max(sum[n, c], 0)
//     }
//     schedule sum {
//       compute_at(relu, n)
//       vectorize(c)
//       update vectorize(c)
//     }
//   }
//
// Expressions are calls named as in Spell.h, `cast:f64(x)`, loads `@operand[...]` and `stage[...]`, constants (`0` is
// f32, `0:i32` states another type), loops by name, `acc`. What is used more than once is bound first: `let %0 = ...`,
// once a definition, before its `init` or `value`. `value where PREDICATE = VALUE` skips points. Directives of the
// update begin with `update`. `alias x` behind an output says that it may be stored where `x` lies. `//` starts a
// comment.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

#include <optional>

namespace weft::kernel {

/// `desc` has passed Check.h, at least its references.
std::string print(const KernelDesc &desc);

struct ParseError {
  int line = 0, column = 0; ///< from 1
  std::string message;
};

/// Every kernel in `text`; on failure nothing, and `error` says where and why. Checks syntax and names, not meaning:
/// see Check.h. Input size is limited to 64 MiB, nesting to 256.
std::optional<std::vector<KernelDesc>> parseKernels(const std::string &text, ParseError &error);

/// Exactly one kernel.
std::optional<KernelDesc> parseKernel(const std::string &text, ParseError &error);

} // namespace weft::kernel
