// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How the enumerators of KernelDesc are written in the text form and in messages: one table each, read both ways.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

#include <optional>
#include <string_view>

namespace weft::kernel {

std::string_view spell(Scalar type);
std::string_view spell(ScalarOp op);
std::string_view spell(Tail tail);
std::string_view spell(Directive::Kind kind);

std::optional<Scalar> scalarNamed(std::string_view name);
std::optional<ScalarOp> scalarOpNamed(std::string_view name);
std::optional<Tail> tailNamed(std::string_view name);
std::optional<Directive::Kind> directiveNamed(std::string_view name);

int64_t bytesOf(Scalar type);
bool isFloat(Scalar type);

} // namespace weft::kernel
