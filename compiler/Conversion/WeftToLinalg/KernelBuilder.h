// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What the lowerings of all categories share: a kernel function under construction. It hands out physical tensors for
// logical ones, makes stages (linalg operations with a name and named loops), and remembers what the call must pass.
#pragma once

#include "compiler/Conversion/WeftToLinalg/WeftToLinalg.h"
#include "dialects/Weft/Weft.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringSet.h"

namespace weft {

/// One tensor a stage reads, and the element it reads at a point of the stage's loops.
struct Source {
  mlir::Value value;
  mlir::AffineMap map;
};

/// A stage: named loops, the parallel ones first (they are the dimensions of the result), then the reduction.
struct StageLoops {
  llvm::SmallVector<std::string> names;
  unsigned parallel = 0;
  /// Trip counts of reduction loops that no operand has as a dimension (pooling windows); -1 where one has.
  llvm::SmallVector<int64_t> reductionExtents;
};

/// Makes the scalar result from the operands' elements; for a reduction the last argument is the accumulator.
using StageBody = llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &, mlir::ValueRange)>;

class KernelBuilder {
public:
  KernelBuilder(GroupOp group, mlir::func::FuncOp function);

  mlir::MLIRContext *getContext() const { return context; }
  mlir::AffineExpr dim(unsigned position) const { return mlir::getAffineDimExpr(position, context); }
  mlir::AffineExpr constant(int64_t value) const { return mlir::getAffineConstantExpr(value, context); }

  /// The stored tensor of a logical value as this kernel sees it: without border.
  mlir::Value read(mlir::Value logical, llvm::StringRef name = "");
  /// The box of it given by `window`, what lies outside filled; index 0 is the first element of the box.
  mlir::Value read(mlir::Value logical, const Box &window, llvm::StringRef name = "");
  /// A tensor of known contents beside the weights (counts of clipped windows, means of pictures).
  mlir::Value table(mlir::DenseElementsAttr contents, llvm::StringRef name);
  /// The single value of a constant operand whose elements are all alike.
  mlir::TypedAttr splat(mlir::Value logical);
  /// Says which stored tensor a logical result is.
  void define(mlir::Value logical, mlir::Value stored) { values[logical] = stored; }

  /// A stage without reduction.
  mlir::Value map(llvm::StringRef name, const StageLoops &loops, llvm::ArrayRef<Source> sources,
                  mlir::RankedTensorType result, StageBody body);
  /// A stage with one; `init` is where every accumulator begins.
  mlir::Value reduce(llvm::StringRef name, const StageLoops &loops, llvm::ArrayRef<Source> sources,
                     mlir::RankedTensorType result, mlir::TypedAttr init, StageBody body);

  /// A reduction over the edges of each row: `maps` as in `weft.segment_reduce`, the accumulator last.
  mlir::Value segment(llvm::StringRef name, mlir::Value indptr, mlir::Value indices, llvm::ArrayRef<mlir::Value> inputs,
                      llvm::ArrayRef<mlir::AffineMap> maps, mlir::RankedTensorType result, mlir::TypedAttr init,
                      StageBody body);

  /// A reduction whose terms say where along `axis` they belong: `weft.scatter_reduce`. `body` gives place and accumulator.
  mlir::Value scatter(llvm::StringRef name, llvm::ArrayRef<Source> sources, int64_t axis, mlir::Value init,
                      llvm::function_ref<std::pair<mlir::Value, mlir::Value>(mlir::ImplicitLocOpBuilder &, mlir::ValueRange)> body);
  /// A tensor of this type that holds `value` everywhere.
  mlir::Value filled(mlir::RankedTensorType type, mlir::TypedAttr value);

  /// From now on every extent of this kernel is a constant of its code: an index computation depends on them.
  void keepExtents() { function->setAttr(keepExtentsAttrName, mlir::UnitAttr::get(context)); }
  /// The same where `logical` is row-major and the caller's own, which has no gaps: rows are at distances that are constants of the code
  /// too. Distances of many rows would take registers that addresses need. Of what another kernel makes where extents are kept already.
  void keepDistances(mlir::Value logical);
  /// The same for the extents of planes only.
  void keepPlanes() { function->setAttr(keepPlanesAttrName, mlir::UnitAttr::get(context)); }
  /// Whether windows on `logical` are pooled where it is made (pass `weft-fuse-pooling`).
  bool poolsTiles(mlir::Value logical) const { return !isChain && values.contains(logical); }
  /// A parameter of the group's choice; 0 where it says nothing.
  int64_t parameter(llvm::StringRef name) const;
  /// Whether sums of products run on the matrix unit.
  bool inTiles() const { return parameter("tiles") != 0; }
  /// Appends to the name the kernel gets.
  void addName(llvm::StringRef part);
  /// What the kernel's name begins with: set once, by the first contraction, window or reduction.
  void setHead(llvm::StringRef head);

  /// Writes what the group yields to the outputs and completes the function's type.
  void finish();

  mlir::ImplicitLocOpBuilder builder;
  llvm::SmallVector<KernelArgument> arguments; ///< one an argument of the function, outputs not counted

  /// Notes for `generalizeExtents`, which removes them: on the function and on arguments whose last dimension is a
  /// block.
  static constexpr llvm::StringLiteral keepExtentsAttrName = "weft.keep_extents";
  static constexpr llvm::StringLiteral keepPlanesAttrName = "weft.keep_planes";
  static constexpr llvm::StringLiteral blockAttrName = "weft.block";

private:
  mlir::Value argument(KernelArgument passed, mlir::RankedTensorType type, llvm::StringRef name);
  mlir::Value store(mlir::Value stored, mlir::RankedTensorType logical, mlir::Value out);
  void describeArgument(unsigned index);
  void describeFilter(unsigned index, PackFilterOp packed);
  std::string kernelName() const;
  std::string uniqueStage(llvm::StringRef name);
  void nameStage(mlir::Operation *op, llvm::StringRef name, llvm::ArrayRef<std::string> loops);
  mlir::Value generic(llvm::StringRef name, const StageLoops &loops, llvm::ArrayRef<Source> sources, mlir::Value out,
                      StageBody body);
  mlir::Value empty(mlir::RankedTensorType type);
  mlir::Block *openBody(mlir::Region &region, mlir::ValueRange inputs, mlir::RankedTensorType result);
  mlir::Value padInside(mlir::Value stored, mlir::RankedTensorType logical, const Box &window);
  void storeSums();

  GroupOp group;
  mlir::func::FuncOp function;
  mlir::MLIRContext *context;
  llvm::DenseMap<mlir::Value, mlir::Value> values;
  llvm::SmallVector<std::string> argumentNames;
  llvm::StringSet<> stageNames;
  std::string head, suffix;
  bool isChain; ///< several reductions, one after the other
  llvm::DenseSet<mlir::Value> withoutGaps; ///< outside of the group
};

//===-- layouts ---------------------------------------------------------------------------------------------------===//

/// How a logical tensor is stored: the block of its channels, or 0 when it is row-major as written.
struct Layout {
  explicit Layout(mlir::RankedTensorType logical);
  bool isBlocked() const { return block != 0; }
  /// Rank as stored, without border.
  unsigned storedRank() const { return rank + (isBlocked() ? 1 : 0); }
  /// Stored shape without border.
  mlir::RankedTensorType stored() const;
  /// Loop names of the stored dimensions: `n cb z y x c` or `n ch z y x`.
  llvm::SmallVector<std::string> loops() const;
  /// How many dimensions follow batch and channels.
  unsigned spatialRank() const { return rank < 2 ? 0 : rank - 2; }
  /// The stored dimension of a logical one; for blocked channels the block index.
  unsigned storedDim(unsigned logicalDim) const { return logicalDim; }
  /// The channel at a point of the stored dimensions, as an expression.
  mlir::AffineExpr channel(mlir::MLIRContext *context) const;
  /// Whether channels fill their blocks.
  bool isWhole() const { return !isBlocked() || type.getDimSize(channelDim()) % block == 0; }
  unsigned channelDim() const { return rank == 1 ? 0 : 1; }
  int64_t channels() const { return type.getDimSize(channelDim()); }

  mlir::RankedTensorType type; ///< logical
  unsigned rank = 0;
  int64_t block = 0;
};

/// (d0, d1, ...) to the first `count` of them.
mlir::AffineMap firstLoops(unsigned count, unsigned total, mlir::MLIRContext *context);

/// All of a stored tensor at identical positions.
StageLoops loopsOver(const Layout &layout);

/// Where an operand is read when `result` is computed point by point with NumPy's broadcasting; null when there is no
/// such expression.
mlir::AffineMap broadcastMap(const Layout &operand, const Layout &result, mlir::MLIRContext *context);

/// Where a vector with one value a channel (plain `[C]`, packed `[C / b, b]`, or of one element) is read.
mlir::AffineMap channelVectorMap(mlir::RankedTensorType vector, const Layout &result, mlir::MLIRContext *context);

/// The window that a sliding `kernel` touches on `extent`, in one dimension, for `count` positions.
Box slidingWindow(llvm::ArrayRef<int64_t> input, llvm::ArrayRef<int64_t> output, llvm::ArrayRef<int64_t> kernel,
                  llvm::ArrayRef<int64_t> stride, llvm::ArrayRef<int64_t> dilation, llvm::ArrayRef<int64_t> low,
                  double fill);

/// Names of spatial dimensions of a tensor with `count` of them: x; y, x; z, y, x.
llvm::SmallVector<std::string> spatialNames(unsigned count, llvm::StringRef prefix = "");

//===-- the table -------------------------------------------------------------------------------------------------===//

using Lowering = std::function<llvm::LogicalResult(mlir::Operation *, KernelBuilder &)>;

/// One lowering an operation, by its name. Each category adds its own.
class LoweringTable {
public:
  static const LoweringTable &get();
  const Lowering *find(mlir::Operation *op) const;
  template <typename Op> void add(llvm::LogicalResult (*lower)(Op, KernelBuilder &)) {
    entries[Op::getOperationName()] = [lower](mlir::Operation *op, KernelBuilder &kernel) {
      return lower(llvm::cast<Op>(op), kernel);
    };
  }

private:
  llvm::StringMap<Lowering> entries;
};

void addElementwise(LoweringTable &table);
void addContraction(LoweringTable &table);
void addWindow(LoweringTable &table);
void addReduction(LoweringTable &table);
void addShape(LoweringTable &table);
void addGraph(LoweringTable &table);

//===-- steps after lowering
//---------------------------------------------------------------------------------------===//

/// Merges stages without reductions that have a single reader into it, so that an epilogue is one stage.
void fuseStages(mlir::func::FuncOp function);

/// Long sums run in two levels: `weft.partial = ["ib", 8]` on a stage says that eight turns of loop `ib`, with all loops
/// inside it, make a partial sum (compiler/Kernel/PartialSums.h). Asks for constant extents. `inTiles`: sums of products run on
/// the matrix unit instead, which `weft.tiles` says (compiler/Kernel/TileProduct.h).
void cutSums(mlir::func::FuncOp function, bool inTiles);

/// Extents that do not matter for the code become `?`: all but those of loops named in `isPinnedLoop`. Says where the
/// run-time extents of results come from.
llvm::LogicalResult generalizeExtents(mlir::func::FuncOp function, llvm::SmallVectorImpl<ResultExtent> &resultExtents);
bool isPinnedLoop(llvm::StringRef name);

} // namespace weft
