// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// From text to syntax tree. Each error skips to the next statement, so that one run reports them all.
#pragma once

#include "frontends/Weft/Ast.h"

#include <memory>

namespace weft::language {

/// Brackets and bodies inside each other, at most.
constexpr unsigned maxNesting = 256;

/// Reads a whole file. Errors go to `diagnostics`; the result then holds what could be read, or is null.
std::unique_ptr<File> parseFile(const TextFile &text, TextDiagnostics &diagnostics);

/// Reads one expression that is the whole of `text`, as in `--set N=4*8`. Null after an error. `arena` owns the result.
const Expr *parseExpression(const TextFile &text, llvm::BumpPtrAllocator &arena, TextDiagnostics &diagnostics);

} // namespace weft::language
