// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A tensor of weights in the memory of the compiling machine.
#pragma once

#include "dialects/Weft/Weft.h"

#include <memory>

namespace weft {

/// Elements of a static tensor, row-major in the stored shape (`physicalType`) of its type, little-endian; i1 takes a
/// byte. Copies share the memory; once made it is not written.
struct HostTensor {
  mlir::RankedTensorType type;
  std::shared_ptr<const void> owner; ///< keeps `data` alive: an allocation, or a mapped file
  const char *data = nullptr;

  /// Memory of its own, 64-byte aligned, not initialised; `writable` gives it out before others see it.
  static HostTensor allocate(mlir::RankedTensorType type);
  char *writable() { return const_cast<char *>(data); }

  int64_t elements() const { return physicalType(type).getNumElements(); }
  size_t elementBytes() const { return bytesOf(type.getElementType()); }
  size_t bytes() const { return elements() * elementBytes(); }
  template <typename T> llvm::ArrayRef<T> as() const { return {reinterpret_cast<const T *>(data), size_t(elements())}; }

  static size_t bytesOf(mlir::Type elementType) { return (elementType.getIntOrFloatBitWidth() + 7) / 8; }
};

/// Takes so many bytes of a tensor from `offset` on, of several threads at a time; a failure ends what gives them.
using TakeBytes = llvm::function_ref<mlir::LogicalResult(size_t offset, const char *data, size_t bytes)>;

} // namespace weft
