// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Diagrams as files: SVG, laid out here, and DOT, for Graphviz to lay out.
#pragma once

#include "compiler/Draw/Diagram.h"

#include "llvm/Support/raw_ostream.h"

namespace weft::draw {

void printSvg(const Diagram &diagram, llvm::raw_ostream &out);
void printDot(const Diagram &diagram, llvm::raw_ostream &out);

} // namespace weft::draw
