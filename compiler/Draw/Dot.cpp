// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// DOT: everything a name can hold is inside a quoted string.

#include "compiler/Draw/Print.h"

#include "compiler/Support/Diagnostics.h"

namespace weft::draw {
namespace {

constexpr size_t longest = 200;

std::string quoted(llvm::StringRef text) {
  std::string result;
  for (char c : printable(text, longest))
    result += (c == '"' || c == '\\' ? "\\" : "") + std::string(1, c);
  return result;
}

llvm::StringRef style(BoxKind kind) {
  switch (kind) {
  case BoxKind::Port:
    return "shape=ellipse, fillcolor=\"#ffffff\"";
  case BoxKind::Operation:
    return "fillcolor=\"#e8f0fb\"";
  case BoxKind::Move:
    return "fillcolor=\"#f2f2f2\"";
  case BoxKind::Kernel:
    return "fillcolor=\"#fdeedd\"";
  case BoxKind::Block:
    return "fillcolor=\"#e9f5e6\", peripheries=2";
  }
  return "";
}

} // namespace

void printDot(const Diagram &diagram, llvm::raw_ostream &out) {
  out << "digraph \"" << quoted(diagram.name) << "\" {\n  node [shape=box, style=filled, fontname=\"sans-serif\"];\n";
  for (size_t i = 0; i < diagram.boxes.size(); ++i) {
    const Box &box = diagram.boxes[i];
    out << "  n" << i << " [label=\"";
    for (size_t k = 0; k < box.lines.size(); ++k)
      out << (k ? "\\n" : "") << quoted(box.lines[k]);
    if (!box.output.empty())
      out << "\\n" << quoted(box.output);
    out << "\", " << style(box.kind) << "];\n";
  }
  for (const Arrow &arrow : diagram.arrows)
    out << "  n" << arrow.from << " -> n" << arrow.to << ";\n";
  out << "}\n";
}

} // namespace weft::draw
