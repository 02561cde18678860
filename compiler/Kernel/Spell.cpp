// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The tables: position i spells enumerator i.
#include "compiler/Kernel/Spell.h"

#include <iterator>

namespace weft::kernel {

namespace {

constexpr std::string_view scalars[] = {"f32", "f64", "i32", "i64", "u8", "bool"};
constexpr std::string_view scalarOps[] = {"neg",   "abs",  "exp",   "log", "sqrt", "rsqrt", "tanh", "erf", "sin", "cos",
                                          "floor", "ceil", "round", "not", "add",  "sub",   "mul",  "div", "mod", "min",
                                          "max",   "pow",  "and",   "or",  "bf16_high", "bf16_middle", "bf16_low",
                                          "lt",    "le",   "gt",    "ge",  "eq",   "ne"};
constexpr std::string_view tails[] = {"shift_inwards", "predicate", "round_up", "exact"};
constexpr std::string_view directives[] = {"split",         "strips",       "peel",         "fuse",
                                           "reorder",       "vectorize",    "unroll",       "parallel",
                                           "compute_at",    "store_at",     "compute_root", "store_root",
                                           "storage_order", "fold_storage", "bound_extent", "prefetch",     "pair"};

static_assert(std::size(scalars) == size_t(Scalar::Bool) + 1);
static_assert(std::size(scalarOps) == size_t(ScalarOp::Ne) + 1);
static_assert(std::size(tails) == size_t(Tail::Exact) + 1);
static_assert(std::size(directives) == size_t(Directive::Kind::Pair) + 1);

template <typename Enum, size_t n> std::optional<Enum> find(const std::string_view (&table)[n], std::string_view name) {
  for (size_t i = 0; i < n; ++i)
    if (table[i] == name)
      return static_cast<Enum>(i);
  return std::nullopt;
}

} // namespace

std::string_view spell(Scalar type) { return scalars[size_t(type)]; }
std::string_view spell(ScalarOp op) { return scalarOps[size_t(op)]; }
std::string_view spell(Tail tail) { return tails[size_t(tail)]; }
std::string_view spell(Directive::Kind kind) { return directives[size_t(kind)]; }

std::optional<Scalar> scalarNamed(std::string_view name) { return find<Scalar>(scalars, name); }
std::optional<ScalarOp> scalarOpNamed(std::string_view name) { return find<ScalarOp>(scalarOps, name); }
std::optional<Tail> tailNamed(std::string_view name) { return find<Tail>(tails, name); }
std::optional<Directive::Kind> directiveNamed(std::string_view name) { return find<Directive::Kind>(directives, name); }

int64_t bytesOf(Scalar type) {
  switch (type) {
  case Scalar::F32:
  case Scalar::I32:
    return 4;
  case Scalar::F64:
  case Scalar::I64:
    return 8;
  case Scalar::U8:
  case Scalar::Bool:
    return 1;
  }
  return 0;
}

bool isFloat(Scalar type) { return type == Scalar::F32 || type == Scalar::F64; }

} // namespace weft::kernel
