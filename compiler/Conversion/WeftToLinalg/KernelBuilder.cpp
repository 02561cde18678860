// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A kernel function under construction: arguments appear when a lowering first reads them, stages are linalg operations
// with a name, and at the end every result is written to an output argument.

#include "compiler/Conversion/WeftToLinalg/KernelBuilder.h"

using namespace mlir;

namespace weft {

KernelBuilder::KernelBuilder(GroupOp group, func::FuncOp function)
    : builder(group.getLoc(), function.getContext()), group(group), function(function), context(function.getContext()),
      isChain(isChainGroup(group)) {
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
}

//===-- operands --------------------------------------------------------------------------------------------------===//

static RankedTensorType windowed(const Layout &layout, const Box &window) {
  RankedTensorType stored = layout.stored();
  SmallVector<int64_t> shape(stored.getShape());
  for (unsigned d = 0, e = window.low.size(); d < e; ++d)
    shape[2 + d] += window.low[d] + window.high[d];
  return RankedTensorType::get(shape, stored.getElementType());
}

Value KernelBuilder::read(Value logical, StringRef name) { return read(logical, Box(), name); }

Value KernelBuilder::read(Value logical, const Box &window, StringRef name) {
  auto type = cast<RankedTensorType>(logical.getType());
  if (Value inside = values.lookup(logical))
    return window.leavesTensor() ? padInside(inside, type, window) : inside;
  Value source = group.getInputs()[cast<BlockArgument>(logical).getArgNumber()];
  if (name.empty())
    name = isRecipe(source) ? "w" : "x";
  if (isChain && window.leavesTensor() && !Layout(type).isBlocked()) // no border to be had: rows are copied as they come
    return padInside(argument({source, Box(), {}}, windowed(Layout(type), Box()), name), type, window);
  return argument({source, window, {}}, windowed(Layout(type), window), name);
}

Value KernelBuilder::table(DenseElementsAttr contents, StringRef name) {
  return argument({Value(), Box(), contents}, cast<RankedTensorType>(contents.getType()), name);
}

/// The same box of the same tensor is one argument, however many stages read it.
Value KernelBuilder::argument(KernelArgument passed, RankedTensorType type, StringRef name) {
  Block &body = function.getBody().front();
  bool whole = passed.window.isWhole();
  for (auto [index, known] : llvm::enumerate(arguments))
    if (known.source == passed.source && known.table == passed.table &&
        ((whole && known.window.isWhole()) || known.window == passed.window))
      return body.getArgument(index);
  unsigned alike = llvm::count_if(argumentNames, [&](StringRef other) {
    return other.starts_with(name) && !other.drop_front(name.size()).contains_insensitive("_") &&
           llvm::all_of(other.drop_front(name.size()), llvm::isDigit);
  });
  argumentNames.push_back(alike ? (name + Twine(alike)).str() : name.str());
  arguments.push_back(std::move(passed));
  return body.addArgument(type, builder.getLoc());
}

Value padWith(OpBuilder &builder, Location loc, Value source, ArrayRef<int64_t> low, ArrayRef<int64_t> high,
              double fill) {
  auto type = cast<RankedTensorType>(source.getType());
  SmallVector<int64_t> shape(type.getShape());
  for (auto [extent, before, after] : llvm::zip_equal(shape, low, high))
    if (before || after)
      extent += before + after;
  Type element = type.getElementType();
  TypedAttr value = isa<FloatType>(element) ? TypedAttr(builder.getFloatAttr(element, fill))
                                            : TypedAttr(builder.getIntegerAttr(element, static_cast<int64_t>(fill)));
  Value constant = arith::ConstantOp::create(builder, loc, value);
  auto padded = tensor::PadOp::create(builder, loc, RankedTensorType::get(shape, element), source, low, high,
                                      ValueRange(), ValueRange());
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&padded.getRegion(), {}, SmallVector<Type>(type.getRank(), builder.getIndexType()),
                      SmallVector<Location>(type.getRank(), loc));
  tensor::YieldOp::create(builder, loc, constant);
  return padded;
}

/// A border around a tensor that never leaves the kernel (a chain of windows).
Value KernelBuilder::padInside(Value stored, RankedTensorType logical, const Box &window) {
  keepExtents();
  SmallVector<int64_t> low(Layout(logical).storedRank(), 0), high(low);
  for (unsigned d = 0, e = window.low.size(); d < e; ++d) {
    low[2 + d] = std::max<int64_t>(window.low[d], 0);
    high[2 + d] = std::max<int64_t>(window.high[d], 0);
  }
  Value padded = padWith(builder, builder.getLoc(), stored, low, high, window.fill);
  nameStage(padded.getDefiningOp(), "border", Layout(logical).loops());
  return padded;
}

TypedAttr KernelBuilder::splat(Value logical) {
  auto argument = dyn_cast<BlockArgument>(logical);
  Operation *source = argument && argument.getOwner() == &group.getBody().front()
                          ? group.getInputs()[argument.getArgNumber()].getDefiningOp()
                          : logical.getDefiningOp();
  auto constant = dyn_cast_or_null<ConstantOp>(source);
  auto elements = constant ? dyn_cast<SplatElementsAttr>(constant.getValue()) : SplatElementsAttr();
  return elements ? dyn_cast<TypedAttr>(elements.getSplatValue<Attribute>()) : TypedAttr();
}

//===-- stages ----------------------------------------------------------------------------------------------------===//

std::string KernelBuilder::uniqueStage(StringRef name) {
  std::string unique = name.str();
  for (unsigned i = 1; !stageNames.insert(unique).second; ++i)
    unique = (name + Twine(i)).str();
  return unique;
}

/// Run-time extents are filled in by `generalizeExtents`, which knows an argument for each; 0 stands for them until
/// then.
Value KernelBuilder::empty(RankedTensorType type) {
  SmallVector<Value> sizes;
  for (int64_t i = 0, e = type.getNumDynamicDims(); i < e; ++i)
    sizes.push_back(arith::ConstantIndexOp::create(builder, 0));
  return tensor::EmptyOp::create(builder, type.getShape(), type.getElementType(), sizes);
}

Value KernelBuilder::map(StringRef name, const StageLoops &loops, ArrayRef<Source> sources, RankedTensorType result,
                         StageBody body) {
  return generic(name, loops, sources, empty(result), body);
}

Value KernelBuilder::reduce(StringRef name, const StageLoops &loops, ArrayRef<Source> sources, RankedTensorType result,
                            TypedAttr init, StageBody body) {
  return generic(name, loops, sources, filled(result, init), body);
}

Value KernelBuilder::filled(RankedTensorType type, TypedAttr value) {
  Value start = arith::ConstantOp::create(builder, value);
  return linalg::FillOp::create(builder, start, empty(type)).getResult(0);
}

/// linalg takes trip counts from operands: loops that are no operand's dimension get them from an operand nobody loads.
static void addWindowOperand(ImplicitLocOpBuilder &builder, const StageLoops &loops, SmallVector<Value> &operands,
                             SmallVector<AffineMap> &maps, Type element) {
  SmallVector<int64_t> shape;
  SmallVector<AffineExpr> dims;
  for (auto [i, extent] : llvm::enumerate(loops.reductionExtents))
    if (extent >= 0) {
      shape.push_back(extent);
      dims.push_back(builder.getAffineDimExpr(loops.parallel + i));
    }
  if (shape.empty())
    return;
  operands.push_back(tensor::EmptyOp::create(builder, shape, element));
  maps.push_back(AffineMap::get(loops.names.size(), 0, dims, builder.getContext()));
}

AffineMap firstLoops(unsigned count, unsigned total, MLIRContext *context) {
  SmallVector<AffineExpr> dims;
  for (unsigned d = 0; d < count; ++d)
    dims.push_back(getAffineDimExpr(d, context));
  return AffineMap::get(total, 0, dims, context);
}

Value KernelBuilder::generic(StringRef name, const StageLoops &loops, ArrayRef<Source> sources, Value out,
                             StageBody body) {
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  for (const Source &source : sources) {
    operands.push_back(source.value);
    maps.push_back(source.map);
  }
  auto type = cast<RankedTensorType>(out.getType());
  addWindowOperand(builder, loops, operands, maps, type.getElementType());
  unsigned total = loops.names.size();
  maps.push_back(firstLoops(loops.parallel, total, context));
  SmallVector<utils::IteratorType> iterators(total, utils::IteratorType::reduction);
  std::fill_n(iterators.begin(), loops.parallel, utils::IteratorType::parallel);

  auto op = linalg::GenericOp::create(builder, TypeRange(type), operands, ValueRange(out), maps, iterators,
                                      [&](OpBuilder &nested, Location loc, ValueRange args) {
                                        ImplicitLocOpBuilder inner(loc, nested);
                                        SmallVector<Value> elements(args.take_front(sources.size()));
                                        elements.push_back(args.back());
                                        linalg::YieldOp::create(inner, body(inner, elements));
                                      });
  nameStage(op, name, loops.names);
  return op.getResult(0);
}

void KernelBuilder::nameStage(Operation *op, StringRef name, ArrayRef<std::string> loops) {
  SmallVector<Attribute> names;
  for (const std::string &loop : loops)
    names.push_back(builder.getStringAttr(loop));
  op->setAttr("weft.stage", builder.getStringAttr(uniqueStage(name)));
  op->setAttr("weft.loops", builder.getArrayAttr(names));
}

Value KernelBuilder::segment(StringRef name, Value indptr, Value indices, ArrayRef<Value> inputs,
                             ArrayRef<AffineMap> maps, RankedTensorType result, TypedAttr init, StageBody body) {
  auto op = SegmentReduceOp::create(builder, result, indptr, indices, inputs, filled(result, init),
                                    builder.getAffineMapArrayAttr(maps));
  SmallVector<std::string> loops = Layout(result).loops();
  loops.push_back("e");
  nameStage(op, name, loops);
  OpBuilder::InsertionGuard guard(builder);
  Block *block = openBody(op.getBody(), inputs, result);
  YieldOp::create(builder, ValueRange(body(builder, block->getArguments())));
  return op.getResult();
}

/// The block of a region that takes an element of each input and the accumulator; building goes on there.
Block *KernelBuilder::openBody(Region &region, ValueRange inputs, RankedTensorType result) {
  SmallVector<Type> elements;
  for (Value input : inputs)
    elements.push_back(cast<RankedTensorType>(input.getType()).getElementType());
  elements.push_back(result.getElementType());
  return builder.createBlock(&region, {}, elements, SmallVector<Location>(elements.size(), builder.getLoc()));
}

Value KernelBuilder::scatter(StringRef name, ArrayRef<Source> sources, int64_t axis, Value init,
                             llvm::function_ref<std::pair<Value, Value>(ImplicitLocOpBuilder &, ValueRange)> body) {
  auto result = cast<RankedTensorType>(init.getType());
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (const Source &source : sources) {
    inputs.push_back(source.value);
    maps.push_back(source.map);
  }
  auto op = ScatterReduceOp::create(builder, result, inputs, init, builder.getAffineMapArrayAttr(maps), axis);
  SmallVector<std::string> loops = Layout(result).loops();
  loops.push_back("r");
  nameStage(op, name, loops);
  OpBuilder::InsertionGuard guard(builder);
  Block *block = openBody(op.getBody(), inputs, result);
  auto [place, next] = body(builder, block->getArguments());
  YieldOp::create(builder, ValueRange{place, next});
  return op.getResult();
}

//===-- the finished function -------------------------------------------------------------------------------------===//

void KernelBuilder::setHead(StringRef name) {
  if (head.empty())
    head = name.str();
  else
    addName(name);
}

void KernelBuilder::addName(StringRef part) {
  if (head.size() + suffix.size() + part.size() < 56)
    suffix += ("_" + part).str();
}

/// Whether an argument or an output is a blocked tensor.
static bool isBlockedArgument(ArrayRef<KernelArgument> arguments, GroupOp group, unsigned index) {
  if (index < arguments.size())
    return arguments[index].source && isBlocked(arguments[index].source.getType());
  return isBlocked(group.getYield().getValues()[index - arguments.size()].getType());
}

static bool isReshape(Operation *op) { return isa_and_nonnull<ReshapeOp, FlattenOp>(op); }

/// Whether nobody makes `value` part of something larger or puts a border around it.
static bool staysWhole(Value value) {
  return llvm::all_of(value.getUsers(), [](Operation *user) {
    return isa<GroupOp, SliceOp>(user) || user->hasTrait<OpTrait::IsTerminator>() || (isReshape(user) && staysWhole(user->getResult(0)));
  });
}

bool liesWithoutGaps(Value value) {
  auto isPlain = [](Value seen) { return !cast<RankedTensorType>(seen.getType()).getEncoding(); };
  while (isPlain(value) && isReshape(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return isPlain(value) && (isa<BlockArgument>(value) || (isa<GroupOp>(value.getDefiningOp()) && staysWhole(value)));
}

void KernelBuilder::keepDistances(Value logical) {
  auto argument = dyn_cast<BlockArgument>(logical);
  bool isInput = argument && argument.getOwner() == &group.getBody().front() && !isBlocked(logical.getType());
  Value source = isInput ? group.getInputs()[argument.getArgNumber()] : Value();
  bool isOwn = isa_and_nonnull<BlockArgument>(source), keepsExtents = function->hasAttr(keepExtentsAttrName);
  if (!source || !(isOwn || (keepsExtents && liesWithoutGaps(source))))
    return;
  withoutGaps.insert(source);
  keepExtents();
}

/// Says how many channels a filter has that does not fill its last block. A first layer's kernel with half a block is for so many: there is one
/// such layer in a network, and its schedule may depend on them (`pair`).
void KernelBuilder::describeFilter(unsigned index, PackFilterOp packed) {
  auto filter = cast<RankedTensorType>(packed.getW().getType());
  int64_t outputs = filter.getDimSize(0), block = packed.getOcBlock(), last = outputs % block;
  if (last == 0)
    return;
  function.setArgAttr(index, "weft.filled", builder.getI64IntegerAttr(outputs));
  if (packed.getIcBlock() == 0 && filter.getRank() > 2 && last * 2 == block)
    keepExtents();
}

/// Says how many of the innermost dimensions lie without gaps: all of a weight, be it computed, pixels and channels of a blocked
/// tensor, all of the caller's where a lowering asks for that.
void KernelBuilder::describeArgument(unsigned index) {
  bool weight = index < arguments.size() && (!arguments[index].source || isRecipe(arguments[index].source));
  bool blocked = isBlockedArgument(arguments, group, index);
  auto isWhole = [&](Value source) { return withoutGaps.contains(source) || (argumentNames[index] == "filter" && liesWithoutGaps(source)); };
  bool whole = weight || (index < arguments.size() && isWhole(arguments[index].source));
  int64_t dense = whole ? cast<RankedTensorType>(function.getArgument(index).getType()).getRank() : blocked ? 2 : 1;
  function.setArgAttr(index, "weft.name", builder.getStringAttr(argumentNames[index]));
  function.setArgAttr(index, "weft.dense", builder.getI64IntegerAttr(dense));
  if (index < arguments.size() && arguments[index].source)
    if (auto packed = arguments[index].source.getDefiningOp<PackFilterOp>())
      describeFilter(index, packed);
  if (blocked)
    function.setArgAttr(index, blockAttrName, builder.getUnitAttr());
}

/// A reduction is followed by a stage that stores it, so that its accumulators live in the kernel and each family finds
/// the same two stages; so is a stage that has other readers, and an argument that is returned as it came.
Value KernelBuilder::store(Value stored, RankedTensorType logical, Value out) {
  auto made = stored.getDefiningOp<linalg::GenericOp>();
  if (made && made.getNumReductionLoops() == 0 && stored.hasOneUse()) {
    made.getOutputsMutable()[0].set(out);
    return stored;
  }
  StageLoops loops = loopsOver(Layout(logical));
  Value copy = map("store", loops, {{stored, builder.getMultiDimIdentityMap(loops.parallel)}}, Layout(logical).stored(),
                   [](ImplicitLocOpBuilder &, ValueRange args) { return args[0]; });
  copy.getDefiningOp<linalg::GenericOp>().getOutputsMutable()[0].set(out);
  return copy;
}

/// In a chain each sum is stored by one stage behind it, so that its accumulators stay in registers whoever reads it.
void KernelBuilder::storeSums() {
  keepExtents();
  for (auto sum : llvm::make_early_inc_range(function.getBody().front().getOps<linalg::GenericOp>())) {
    if (sum.getNumReductionLoops() == 0)
      continue;
    auto reader = sum->hasOneUse() ? dyn_cast<linalg::GenericOp>(*sum->user_begin()) : linalg::GenericOp();
    bool isReturned = sum->hasOneUse() && isa<func::ReturnOp>(*sum->user_begin());
    if (isReturned || (reader && reader.getNumReductionLoops() == 0 && sum.getResult(0).getType() == reader.getResult(0).getType() &&
                       reader.getMatchingIndexingMap(&*sum->use_begin()).isIdentity()))
      continue;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointAfter(sum);
    Value total = sum.getResult(0);
    StageLoops loops;
    for (Attribute name : sum->getAttrOfType<ArrayAttr>("weft.loops").getValue().take_front(sum.getNumParallelLoops()))
      loops.names.push_back(cast<StringAttr>(name).str());
    loops.parallel = loops.names.size();
    Value kept = map("store", loops, {{total, builder.getMultiDimIdentityMap(loops.parallel)}},
                     cast<RankedTensorType>(total.getType()), [](ImplicitLocOpBuilder &, ValueRange args) { return args[0]; });
    total.replaceAllUsesExcept(kept, kept.getDefiningOp());
  }
}

/// What the group computes, heavy operation first; a group that only passes something on is a copy.
std::string KernelBuilder::kernelName() const {
  std::string name = head.empty() ? StringRef(suffix).ltrim('_').str() : head + suffix;
  return name.empty() ? "copy" : name;
}

int64_t KernelBuilder::parameter(StringRef name) const {
  auto choice = group->getAttrOfType<DictionaryAttr>("choice");
  auto value = choice ? choice.getAs<IntegerAttr>(name) : IntegerAttr();
  return value ? value.getInt() : 0;
}

void KernelBuilder::finish() {
  builder.setLoc(group.getLoc());
  SmallVector<Value> stored;
  for (Value yielded : group.getYield().getValues())
    stored.push_back(read(yielded));
  auto end = func::ReturnOp::create(builder, stored);
  fuseStages(function);
  cutSums(function, inTiles());
  if (isChain)
    storeSums();
  builder.setInsertionPoint(end);
  Block &body = function.getBody().front();
  for (auto [index, yielded] : llvm::enumerate(group.getYield().getValues())) {
    auto logical = cast<RankedTensorType>(yielded.getType());
    Value out = body.addArgument(Layout(logical).stored(), builder.getLoc());
    argumentNames.push_back(stored.size() == 1 ? "out" : ("out" + Twine(index)).str());
    end.setOperand(index, store(end.getOperand(index), logical, out));
  }
  function.setFunctionType(builder.getFunctionType(body.getArgumentTypes(), end.getOperandTypes()));
  for (unsigned index = 0; index < argumentNames.size(); ++index)
    describeArgument(index);
  function->setAttr("weft.kernel", builder.getStringAttr(kernelName()));
}

} // namespace weft
