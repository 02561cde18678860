// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// SVG without script or outside files: it opens anywhere. Text is measured by an estimate that errs to the wide side.

#include "compiler/Draw/Print.h"

#include "compiler/Draw/Layout.h"
#include "compiler/Support/Diagnostics.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Unicode.h"

#include <algorithm>

namespace weft::draw {
namespace {

constexpr double lineHeight = 15, padding = 8, letter = 6.7, head = 4;
constexpr size_t longestLine = 44, longestTitle = 400;

std::string escaped(llvm::StringRef text, size_t longest) {
  std::string result;
  for (char c : printable(text, longest))
    switch (c) {
    case '&':
      result += "&amp;";
      break;
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '"':
      result += "&quot;";
      break;
    default:
      result += c;
    }
  return result;
}

/// The first line of a box is bold, the last one, its shape, grey.
std::vector<std::string> textOf(const Box &box) {
  std::vector<std::string> lines = box.lines;
  if (!box.output.empty())
    lines.push_back(box.output);
  for (std::string &line : lines)
    line = printable(line, longestLine);
  return lines;
}

BoxSize sizeOf(const Box &box) {
  std::vector<std::string> lines = textOf(box);
  int columns = 4;
  for (const std::string &line : lines)
    columns = std::max({columns, llvm::sys::unicode::columnWidthUTF8(line)});
  return {columns * letter + 2 * padding, double(lines.size()) * lineHeight + padding};
}

llvm::StringRef className(BoxKind kind) {
  constexpr llvm::StringRef names[] = {"port", "operation", "move", "kernel", "block"};
  return names[size_t(kind)];
}

std::string number(double value) { return llvm::formatv("{0:f1}", value).str(); }
std::string at(Point point) { return number(point.x) + " " + number(point.y); }

void printBox(const Box &box, Point centre, BoxSize size, llvm::raw_ostream &out) {
  double left = centre.x - size.width / 2, top = centre.y - size.height / 2;
  out << "<g class=\"" << className(box.kind) << "\"><title>" << escaped(box.path, longestTitle) << "</title><rect x=\""
      << number(left) << "\" y=\"" << number(top) << "\" width=\"" << number(size.width) << "\" height=\""
      << number(size.height) << "\" rx=\"" << (box.kind == BoxKind::Port ? number(size.height / 2) : "3") << "\"/>";
  std::vector<std::string> lines = textOf(box);
  for (size_t i = 0; i < lines.size(); ++i) {
    bool isShape = i + 1 == lines.size() && !box.output.empty();
    out << "<text" << (i == 0 ? " class=\"title\"" : isShape ? " class=\"shape\"" : "") << " x=\"" << number(centre.x)
        << "\" y=\"" << number(top + padding / 2 + (double(i) + 0.75) * lineHeight) << "\">"
        << escaped(lines[i], longestLine + 3) << "</text>";
  }
  out << "</g>\n";
}

/// Curves that leave and arrive upright; the head is drawn, markers are not rendered everywhere.
void printArrow(const std::vector<Point> &way, llvm::raw_ostream &out) {
  Point end = way.back();
  out << "<path d=\"M" << at(way.front());
  for (size_t i = 1; i < way.size(); ++i) {
    Point from = way[i - 1], to = way[i];
    if (i + 1 == way.size())
      to.y -= head;
    double bend = (to.y - from.y) / 2;
    out << " C" << at({from.x, from.y + bend}) << " " << at({to.x, to.y - bend}) << " " << at(to);
  }
  out << "\"/><path class=\"head\" d=\"M" << at(end) << " L" << at({end.x - 3, end.y - 2 * head}) << " L"
      << at({end.x + 3, end.y - 2 * head}) << " Z\"/>\n";
}

constexpr llvm::StringRef styles = R"(<style>
text { font: 11px sans-serif; text-anchor: middle; fill: #222 }
.title { font-weight: bold } .shape { fill: #666 }
path { fill: none; stroke: #888; stroke-width: 1 } .head { fill: #888; stroke: none }
rect { fill: #e8f0fb; stroke: #7d9cc9 }
.port rect { fill: #fff; stroke: #555 } .move rect { fill: #f2f2f2; stroke: #aaa }
.kernel rect { fill: #fdeedd; stroke: #cf9a5f } .block rect { fill: #e9f5e6; stroke: #6fa364; stroke-width: 2 }
</style>
)";

} // namespace

void printSvg(const Diagram &diagram, llvm::raw_ostream &out) {
  std::vector<BoxSize> sizes;
  for (const Box &box : diagram.boxes)
    sizes.push_back(sizeOf(box));
  Layout layout = layOut(sizes, diagram.arrows);
  out << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << number(layout.width) << "\" height=\""
      << number(layout.height) << "\" viewBox=\"0 0 " << number(layout.width) << " " << number(layout.height)
      << "\">\n<title>" << escaped(diagram.name, longestTitle) << "</title>\n"
      << styles << "<rect width=\"100%\" height=\"100%\" style=\"fill: #fff; stroke: none\"/>\n";
  for (const std::vector<Point> &way : layout.arrows)
    printArrow(way, out);
  for (size_t i = 0; i < diagram.boxes.size(); ++i)
    printBox(diagram.boxes[i], layout.boxes[i], sizes[i], out);
  out << "</svg>\n";
}

} // namespace weft::draw
