// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Plain text with rounded coordinates; no script, so that it opens anywhere.
#include "compiler/MemoryPlan/Svg.h"

#include <algorithm>
#include <cstdio>

using namespace weft::memplan;

namespace {

constexpr double width = 1200, height = 640, left = 110, right = 20, top = 30, bottom = 40;

std::string escaped(const std::string &text) {
  std::string out;
  for (unsigned char c : text) {
    switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    default:
      out += c < 32 || c == 127 ? '?' : static_cast<char>(c);
    }
  }
  return out;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

class Drawing {
public:
  Drawing(const Problem &problem, const Solution &solution, int64_t lowerBound, std::optional<int64_t> capacity)
      : problem(problem), solution(solution), lowerBound(lowerBound), capacity(capacity) {
    mostBytes = std::max<int64_t>({peakBytes(problem, solution), lowerBound, capacity.value_or(0), 1});
    for (const Buffer &buffer : problem.buffers) {
      first = std::min(first, buffer.lower);
      last = std::max(last, buffer.upper);
    }
    if (problem.buffers.empty() || first >= last) {
      first = 0;
      last = 1;
    }
  }

  std::string run() {
    out += "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(width) + " " + number(height) +
           "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
           "<g stroke=\"#fff\" stroke-width=\"0.3\">\n";
    for (size_t i = 0; i < problem.buffers.size(); ++i)
      drawBuffer(i);
    out += "</g>\n";
    drawLine(peakBytes(problem, solution), "peak", "#000");
    drawLine(lowerBound, "lower bound", "#06c");
    if (capacity)
      drawLine(*capacity, "capacity", "#c00");
    drawText(left, height - 12, "start", "time " + std::to_string(first));
    drawText(width - right, height - 12, "end", "time " + std::to_string(last));
    return out + "</svg>\n";
  }

private:
  double x(int64_t time) const {
    return left + (width - left - right) * (static_cast<double>(time) - static_cast<double>(first)) /
                      (static_cast<double>(last) - static_cast<double>(first));
  }
  double y(int64_t bytes) const {
    return height - bottom - (height - top - bottom) * static_cast<double>(bytes) / static_cast<double>(mostBytes);
  }

  void drawBuffer(size_t i) {
    const Buffer &buffer = problem.buffers[i];
    // Neighbours in number get far hues: multiples of the golden angle.
    std::string hue =
        number(static_cast<double>(i % 1000) * 137.508 - 360 * static_cast<int>(i % 1000 * 137.508 / 360));
    out += "<g fill=\"hsl(" + hue + ",55%,62%)\"><title>" + escaped(buffer.name) + ": " + std::to_string(buffer.size) +
           " bytes at " + std::to_string(solution.offsets[i]) + ", alive [" + std::to_string(buffer.lower) + ", " +
           std::to_string(buffer.upper) + ")</title>";
    int64_t offset = solution.offsets[i], from = buffer.lower;
    for (const Gap &gap : buffer.gaps) {
      drawRect(from, gap.lower, offset, offset + buffer.size);
      if (gap.window)
        drawRect(gap.lower, gap.upper, offset + gap.window->lower, offset + gap.window->upper);
      from = gap.upper;
    }
    drawRect(from, buffer.upper, offset, offset + buffer.size);
    out += "</g>\n";
  }

  void drawRect(int64_t lower, int64_t upper, int64_t begin, int64_t end) {
    if (lower >= upper || begin >= end)
      return;
    out += "<rect x=\"" + number(x(lower)) + "\" y=\"" + number(y(end)) + "\" width=\"" + number(x(upper) - x(lower)) +
           "\" height=\"" + number(y(begin) - y(end)) + "\"/>";
  }

  void drawLine(int64_t bytes, const char *what, const char *color) {
    std::string at = number(y(bytes));
    out += "<line x1=\"" + number(left) + "\" x2=\"" + number(width - right) + "\" y1=\"" + at + "\" y2=\"" + at +
           "\" stroke=\"" + color + "\" stroke-dasharray=\"6 4\"><title>" + what + ": " + std::to_string(bytes) +
           " bytes</title></line>\n";
    // Labels of lines at the same height stand one below the other.
    drawText(left - 6, y(bytes) + 4 + 14 * labels++, "end", std::string(what) + " " + shortBytes(bytes));
  }

  void drawText(double atX, double atY, const char *anchor, const std::string &text) {
    out += "<text x=\"" + number(atX) + "\" y=\"" + number(atY) + "\" text-anchor=\"" + anchor + "\">" + text +
           "</text>\n";
  }

  static std::string shortBytes(int64_t bytes) {
    const char *units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double value = static_cast<double>(bytes);
    int unit = 0;
    for (; value >= 1024 && unit < 5; ++unit)
      value /= 1024;
    char text[32];
    std::snprintf(text, sizeof text, "%.4g %s", value, units[unit]);
    return text;
  }

  const Problem &problem;
  const Solution &solution;
  int64_t lowerBound;
  std::optional<int64_t> capacity;
  int64_t mostBytes = 1, first = INT64_MAX, last = INT64_MIN;
  int labels = 0;
  std::string out;
};

} // namespace

std::string weft::memplan::drawSvg(const Problem &problem, const Solution &solution, int64_t lowerBound,
                                   std::optional<int64_t> capacity) {
  return Drawing(problem, solution, lowerBound, capacity).run();
}
