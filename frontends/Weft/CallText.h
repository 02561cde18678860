// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// One operation as a call: what ModuleText.cpp makes lines of.
#pragma once

#include "mlir/IR/Operation.h"
#include "llvm/ADT/ArrayRef.h"

#include <optional>
#include <string>

namespace weft::language {

/// The path of a call whose weights are the operands of `op` from 1 on, called as the call implies them; nothing where
/// they are called otherwise, or are read elsewhere too.
std::optional<std::string> impliedPath(mlir::Operation *op);

/// The right side of a statement. `operands` are expressions, those in infix positions as they have to stand there;
/// with `path`, operands from 1 on are left out and implied.
std::string callText(mlir::Operation *op, llvm::ArrayRef<std::string> operands, std::optional<std::string> path);

/// Whether `callText` writes the operation with an operator, so that it needs parentheses as an operand.
bool isInfix(mlir::Operation *op);

/// Shortest digits that read back as the same number.
std::string numberText(double value);
std::string numberText(float value);

std::string listText(llvm::ArrayRef<int64_t> values);

} // namespace weft::language
