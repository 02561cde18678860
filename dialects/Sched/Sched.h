// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The `sched` dialect's attributes, and a small builder for schedule families.
#pragma once

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"

#include "dialects/Sched/SchedDialect.h.inc"
#include "dialects/Sched/SchedEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Sched/SchedAttrs.h.inc"

namespace weft::sched {

/// The name under which a kernel function carries its schedule.
inline constexpr llvm::StringLiteral scheduleAttrName = "sched.schedule";

/// Collects the directives of one stage in the order they are said; `onUpdate()` turns to the reduction's loops. One that
/// does not verify is an error without place, and left out.
class StageBuilder {
public:
  StageBuilder(mlir::MLIRContext *context, llvm::StringRef name) : context(context), name(name.str()) {}

  StageBuilder &split(llvm::StringRef loop, llvm::StringRef outer, llvm::StringRef inner, int64_t factor, Tail tail);
  StageBuilder &strips(llvm::StringRef loop, llvm::StringRef outer, llvm::StringRef inner, int64_t atLeast);
  StageBuilder &peel(llvm::StringRef loop, llvm::StringRef inside);
  StageBuilder &fuse(llvm::StringRef outer, llvm::StringRef inner, llvm::StringRef fused);
  StageBuilder &reorder(llvm::ArrayRef<llvm::StringRef> outermostFirst);
  StageBuilder &vectorize(llvm::StringRef loop);
  StageBuilder &unroll(llvm::StringRef loop);
  StageBuilder &parallel(llvm::StringRef loop);
  StageBuilder &computeAt(llvm::StringRef stage, llvm::StringRef loop);
  StageBuilder &storeAt(llvm::StringRef stage, llvm::StringRef loop);
  StageBuilder &computeRoot();
  StageBuilder &storeRoot();
  StageBuilder &storageOrder(llvm::ArrayRef<llvm::StringRef> outermostFirst);
  StageBuilder &foldStorage(llvm::StringRef loop, int64_t factor);
  StageBuilder &boundExtent(llvm::StringRef loop, int64_t factor);
  StageBuilder &prefetch(llvm::StringRef operand, llvm::StringRef turn, llvm::StringRef next, int64_t lines);
  StageBuilder &pair(llvm::StringRef blocks, llvm::StringRef pixels);
  StageBuilder &onUpdate();

  StageAttr get() const;

private:
  StageBuilder &add(DirectiveKind kind, llvm::ArrayRef<llvm::StringRef> loops, int64_t factor = 0,
                    Tail tail = Tail::Predicate, llvm::StringRef at = "");

  mlir::MLIRContext *context;
  std::string name;
  llvm::SmallVector<DirectiveAttr> directives, update;
  bool toUpdate = false;
};

} // namespace weft::sched
