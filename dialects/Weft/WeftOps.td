// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// All operations of the dialect, in the order their documentation appears.
include "dialects/Weft/Elementwise.td"
include "dialects/Weft/Contraction.td"
include "dialects/Weft/Window.td"
include "dialects/Weft/Reduction.td"
include "dialects/Weft/Shape.td"
include "dialects/Weft/Graph.td"
include "dialects/Weft/Constant.td"
include "dialects/Weft/Packing.td"
include "dialects/Weft/Group.td"
include "dialects/Weft/KernelOps.td"
