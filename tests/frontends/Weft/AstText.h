// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A syntax tree as nested lists, places left out: what tests compare.
#pragma once

#include "frontends/Weft/Ast.h"

namespace weft::language {

std::string astText(const File &file);

} // namespace weft::language
