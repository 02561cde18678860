// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Drawings a person can read: boxes never overlap, arrows point down and do not run through boxes, what can be drawn
// without a crossing has few.

#include "compiler/Draw/Diagram.h"
#include "compiler/Draw/Layout.h"

#include <gtest/gtest.h>
#include <algorithm>
#include <cmath>
#include <random>

using namespace weft::draw;

namespace {

/// Faults, found without the layout's own notions: by looking at rectangles.
std::vector<std::string> faults(const std::vector<BoxSize> &sizes, const std::vector<Arrow> &arrows, const Layout &layout) {
  std::vector<std::string> found;
  auto say = [&](const char *what, size_t i, size_t j) {
    found.push_back(std::string(what) + " " + std::to_string(i) + " " + std::to_string(j));
  };
  for (size_t i = 0; i < sizes.size(); ++i) {
    Point a = layout.boxes[i];
    if (!(a.x - sizes[i].width / 2 >= 0 && a.x + sizes[i].width / 2 <= layout.width && a.y - sizes[i].height / 2 >= 0 &&
          a.y + sizes[i].height / 2 <= layout.height))
      say("outside", i, i);
    for (size_t j = 0; j < i; ++j) {
      Point b = layout.boxes[j];
      if (std::abs(a.x - b.x) < (sizes[i].width + sizes[j].width) / 2 &&
          std::abs(a.y - b.y) < (sizes[i].height + sizes[j].height) / 2)
        say("overlap", i, j);
    }
  }
  for (size_t k = 0; k < arrows.size(); ++k) {
    const std::vector<Point> &way = layout.arrows[k];
    for (size_t i = 1; i < way.size(); ++i)
      if (way[i].y <= way[i - 1].y)
        say("upwards", arrows[k].from, arrows[k].to);
    for (size_t i = 1; i < way.size(); ++i) // a bend may reach anywhere between its ends, a straight line only its own x
      for (size_t b = 0; b < sizes.size(); ++b) {
        Point box = layout.boxes[b];
        bool beside = way[i].y > box.y - sizes[b].height / 2 + 0.01 && way[i - 1].y < box.y + sizes[b].height / 2 - 0.01;
        double low = std::min(way[i].x, way[i - 1].x), high = std::max(way[i].x, way[i - 1].x);
        if (beside && high > box.x - sizes[b].width / 2 && low < box.x + sizes[b].width / 2)
          say("through", arrows[k].from, b);
      }
  }
  return found;
}

TEST(Layout, AChainIsOneColumn) {
  std::vector<BoxSize> sizes{{40, 20}, {100, 30}, {10, 20}};
  std::vector<Arrow> arrows{{0, 1}, {1, 2}};
  Layout layout = layOut(sizes, arrows);
  EXPECT_TRUE(faults(sizes, arrows, layout).empty());
  EXPECT_NEAR(layout.boxes[0].x, layout.boxes[1].x, 0.5);
  EXPECT_NEAR(layout.boxes[1].x, layout.boxes[2].x, 0.5);
  EXPECT_LT(layout.boxes[0].y, layout.boxes[1].y);
}

TEST(Layout, AShortcutGoesAroundTheBoxesItSkips) {
  std::vector<BoxSize> sizes(5, {80, 30});
  std::vector<Arrow> arrows{{0, 1}, {0, 4}, {1, 2}, {2, 3}, {3, 4}};
  Layout layout = layOut(sizes, arrows);
  EXPECT_TRUE(faults(sizes, arrows, layout).empty());
  EXPECT_EQ(layout.arrows[1].size(), 8u); // in and out of the three layers between
}

TEST(Layout, BranchesGivenCrossedAreUncrossed) {
  // Two branches whose second boxes are numbered in the other order: 0 -> {1, 2}, 1 -> 4, 2 -> 3, {3, 4} -> 5.
  std::vector<BoxSize> sizes(6, {60, 20});
  std::vector<Arrow> arrows{{0, 1}, {0, 2}, {1, 4}, {2, 3}, {3, 5}, {4, 5}};
  Layout layout = layOut(sizes, arrows);
  EXPECT_TRUE(faults(sizes, arrows, layout).empty());
  EXPECT_EQ(layout.boxes[1].x < layout.boxes[2].x, layout.boxes[4].x < layout.boxes[3].x);
}

TEST(Layout, NothingAndOneBoxHaveADrawing) {
  EXPECT_GT(layOut({}, {}).width, 0);
  EXPECT_TRUE(faults({{50, 20}}, {}, layOut({{50, 20}}, {})).empty());
}

TEST(Layout, RandomGraphsHaveNoFaults) {
  std::mt19937 random(1);
  for (int round = 0; round < 60; ++round) {
    size_t count = 1 + random() % 60;
    std::vector<BoxSize> sizes;
    std::vector<Arrow> arrows;
    for (size_t i = 0; i < count; ++i) {
      sizes.push_back({double(10 + random() % 120), double(10 + random() % 40)});
      for (size_t k = random() % 3; i > 0 && k > 0; --k)
        arrows.push_back({random() % i, i});
    }
    std::sort(arrows.begin(), arrows.end());
    arrows.erase(std::unique(arrows.begin(), arrows.end()), arrows.end());
    EXPECT_EQ(faults(sizes, arrows, layOut(sizes, arrows)), std::vector<std::string>()) << "round " << round;
  }
}

Box named(std::string path) { return {BoxKind::Operation, path, {path, "conv 3x3"}, "8x8"}; }

TEST(Fold, RunsOfOneBlockBecomeABoxAndArrowsKeepPointingForward) {
  Diagram diagram;
  for (const char *path : {"stem", "layer.0.a", "layer.0.b", "pool", "layer.1.a", "layer.1.b", "aux"})
    diagram.boxes.push_back(named(path));
  diagram.arrows = {{0, 1}, {1, 2}, {1, 4}, {2, 3}, {3, 4}, {3, 6}, {4, 5}};
  Diagram blocks = folded(diagram, 1); // `layer` is left and entered again: two boxes, else a circle
  ASSERT_EQ(blocks.boxes.size(), 5u);
  EXPECT_EQ(blocks.boxes[1].lines[0], "layer");
  EXPECT_EQ(blocks.boxes[1].lines[1], "2 conv");
  EXPECT_EQ(blocks.arrows, (std::vector<Arrow>{{0, 1}, {1, 2}, {1, 3}, {2, 3}, {2, 4}}));
  EXPECT_EQ(folded(diagram, 0).boxes.size(), 7u);
  EXPECT_EQ(foldedTo(diagram, 7).boxes.size(), 7u);
  EXPECT_EQ(foldedTo(diagram, 6).boxes.size(), 5u);
}

TEST(Fold, WhatABlockAloneMakesAndReadsBelongsToIt) {
  Diagram diagram;
  for (const char *path : {"stem", "dense.0.conv", "concat", "dense.1.conv", "relu", "other.conv"})
    diagram.boxes.push_back(named(path));
  diagram.arrows = {{0, 1}, {0, 2}, {1, 2}, {2, 3}, {3, 4}, {4, 5}};
  Diagram blocks = folded(diagram, 1);
  ASSERT_EQ(blocks.boxes.size(), 4u); // stem, dense with its concat, relu that leads elsewhere, other.conv
  EXPECT_EQ(blocks.boxes[1].lines[1], "3 conv");
  EXPECT_EQ(blocks.boxes[2].path, "relu");
  diagram.arrows.insert(diagram.arrows.begin() + 4, {2, 5}); // now somebody else reads the concat too
  EXPECT_EQ(folded(diagram, 1).boxes.size(), 6u);
}

} // namespace
