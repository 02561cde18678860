// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A kernel function's schedule as directives of a KernelDesc.
#pragma once

#include "compiler/Kernel/KernelDesc.h"
#include "dialects/Sched/Sched.h"

namespace weft {

std::vector<kernel::StageSchedule> importSchedule(sched::ScheduleAttr schedule);

} // namespace weft
