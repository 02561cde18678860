// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The structs of runtime/src/common/model.h, and Halide's buffer, as LLVM types. One table a struct names its fields
// with the offsets a C compiler gives them; construction compares.
#pragma once

#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/LLVMContext.h"

#include <map>
#include <string>

namespace llvm {
class DataLayout;
class Constant;
} // namespace llvm

namespace weft::emit {

class ModelLayout {
public:
  ModelLayout(llvm::LLVMContext &context, const llvm::DataLayout &layout);

  llvm::StructType *port, *size, *graph, *event, *view, *axis, *model, *frame, *scratch;
  llvm::StructType *halideBuffer, *halideDim;

  /// The number of a field, by its C name.
  unsigned field(llvm::StructType *type, llvm::StringRef name) const;
  /// A constant of `type`; fields not named are zero.
  llvm::Constant *constant(llvm::StructType *type, const std::map<std::string, llvm::Constant *> &fields) const;

  /// What construction found different from C; empty when the tables are right.
  const std::string &mismatch() const { return wrong; }

private:
  struct Field {
    const char *name;
    char kind; ///< 'p' pointer, 'i' 32 bits, 'l' 64 bits
    size_t offset;
  };
  llvm::StructType *make(llvm::LLVMContext &context, const llvm::DataLayout &layout, llvm::StringRef name, size_t bytes,
                         llvm::ArrayRef<Field> fields);

  std::map<llvm::StructType *, std::map<std::string, unsigned>> numbers;
  std::string wrong;
};

} // namespace weft::emit
