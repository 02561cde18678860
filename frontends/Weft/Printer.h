// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The one canonical form of a text. Comments are kept; printing what was printed changes nothing.
#pragma once

#include "frontends/Weft/Ast.h"

namespace weft::language {

/// Lines are at most this wide where a comma allows it.
constexpr unsigned lineWidth = 120;

/// `file` must have been parsed without errors.
void printFile(const File &file, llvm::raw_ostream &out);

/// One expression on one line, as error texts quote it.
std::string printExpr(const Expr &expr);

} // namespace weft::language
