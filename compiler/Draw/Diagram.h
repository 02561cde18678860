// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What a drawing shows, before anybody decides where: boxes in an order in which they could run, and arrows forward.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstddef>
#include <string>
#include <vector>

namespace weft::draw {

enum class BoxKind { Port, Operation, Move, Kernel, Block };

struct Box {
  BoxKind kind = BoxKind::Operation;
  std::string path;               ///< "layer1.0.conv1"; decides which block it belongs to
  std::vector<std::string> lines; ///< what is written inside, the title first
  std::string output;             ///< the shape it leaves, "112x112x64"; may be empty
};

struct Arrow {
  size_t from, to; ///< numbers of boxes, from < to
  bool operator==(const Arrow &) const = default;
  auto operator<=>(const Arrow &) const = default;
};

struct Diagram {
  std::string name;
  std::vector<Box> boxes;
  std::vector<Arrow> arrows; ///< sorted, each once
};

/// Boxes that follow one another and whose paths agree in the first `parts` parts become one, with what stands between
/// them and is of use to them alone. Neighbours in running order only: so arrows keep pointing forward.
Diagram folded(const Diagram &diagram, unsigned parts);

/// The most detailed folding with at most `most` boxes; that of the first part where none has so few.
Diagram foldedTo(const Diagram &diagram, size_t most);

} // namespace weft::draw
