// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Directives of the sched dialect and of KernelDesc are one to one.

#include "compiler/Conversion/ScheduleImport.h"

using namespace mlir;

namespace weft {

using namespace kernel;

namespace {

Tail tailOf(sched::Tail tail) {
  switch (tail) {
  case sched::Tail::ShiftInwards:
    return Tail::ShiftInwards;
  case sched::Tail::Predicate:
    return Tail::Predicate;
  case sched::Tail::RoundUp:
    return Tail::RoundUp;
  case sched::Tail::Exact:
    return Tail::Exact;
  }
  llvm_unreachable("all tails are listed");
}

Directive::Kind kindOf(sched::DirectiveKind kind) {
  switch (kind) {
#define WEFT_KIND(name)                                                                                                \
  case sched::DirectiveKind::name:                                                                                     \
    return Directive::Kind::name;
    WEFT_KIND(Split)
    WEFT_KIND(Strips)
    WEFT_KIND(Peel)
    WEFT_KIND(Fuse)
    WEFT_KIND(Reorder)
    WEFT_KIND(Vectorize)
    WEFT_KIND(Unroll)
    WEFT_KIND(Parallel)
    WEFT_KIND(ComputeAt)
    WEFT_KIND(StoreAt)
    WEFT_KIND(ComputeRoot)
    WEFT_KIND(StoreRoot)
    WEFT_KIND(StorageOrder)
    WEFT_KIND(FoldStorage)
    WEFT_KIND(BoundExtent)
    WEFT_KIND(Prefetch)
    WEFT_KIND(Pair)
#undef WEFT_KIND
  }
  llvm_unreachable("all directives are listed");
}

void appendDirectives(ArrayRef<sched::DirectiveAttr> attributes, bool onUpdate, std::vector<Directive> &directives) {
  for (sched::DirectiveAttr attribute : attributes) {
    Directive directive;
    directive.kind = kindOf(attribute.getKind());
    directive.onUpdate = onUpdate;
    for (StringAttr loop : attribute.getLoops())
      directive.loops.push_back(loop.str());
    directive.factor = attribute.getFactor();
    directive.tail = tailOf(attribute.getTail());
    directive.at = attribute.getAt() ? attribute.getAt().str() : std::string();
    directives.push_back(std::move(directive));
  }
}

} // namespace

std::vector<StageSchedule> importSchedule(sched::ScheduleAttr schedule) {
  std::vector<StageSchedule> stages;
  for (sched::StageAttr stage : schedule.getStages()) {
    stages.push_back({stage.getName().str(), {}});
    appendDirectives(stage.getDirectives(), false, stages.back().directives);
    appendDirectives(stage.getUpdate(), true, stages.back().directives);
  }
  return stages;
}

} // namespace weft
