// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Relations are read off operations once; cuts then travel along them until nothing changes.
#include "compiler/Transforms/Parts/ChannelParts.h"

#include "compiler/Schedule/OpKinds.h"
#include "dialects/Weft/Shapes.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace weft {

int64_t storedChannels(ArrayRef<int64_t> parts, int64_t block) {
  int64_t stored = 0;
  for (int64_t part : parts)
    stored += llvm::alignTo(part, block);
  return stored;
}

int64_t storedPlace(ArrayRef<int64_t> parts, int64_t channel, int64_t block) {
  int64_t place = 0;
  for (int64_t part : parts) {
    if (channel < part)
      break;
    channel -= part;
    place += llvm::alignTo(part, block);
  }
  return place;
}

namespace {

int64_t channelsOf(Value value) { return tensorOf(value).getDimSize(1); }

/// Operations are related only where sizes are known and there is a dimension of channels.
bool hasChannels(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() && type.getRank() >= 2;
}

bool isPlaneless(Value value) {
  return llvm::all_of(tensorOf(value).getShape().drop_front(2), [](int64_t extent) { return extent == 1; });
}

/// `[N, C, 1, 1]` and `[N, C]` are one thing.
bool keepsVectors(Value x, Value y) {
  return isPlaneless(x) && isPlaneless(y) && tensorOf(x).getShape().take_front(2) == tensorOf(y).getShape().take_front(2);
}

bool reducesPlanes(ReduceMeanOp mean) {
  SmallVector<int64_t> axes(mean.getAxes());
  llvm::sort(axes);
  return llvm::equal(axes, llvm::seq<int64_t>(2, tensorOf(mean.getX()).getRank()));
}

/// One result a channel.
bool isPlainDepthwise(ConvOp conv) {
  int64_t groups = conv.getGroups();
  return groups > 1 && groups == channelsOf(conv.getX()) && groups == conv.getFilter()[0];
}

class Reader {
public:
  Reader(Operation *op, const llvm::DenseSet<Value> &recipes) : recipes(recipes) { relation.op = op; }

  std::optional<Relation> read() {
    Operation *op = relation.op;
    if (op->getNumResults() == 0 || !llvm::all_of(op->getResults(), hasChannels) || recipes.contains(op->getResult(0)))
      return std::nullopt;
    return relates(op) ? std::optional(std::move(relation)) : std::nullopt;
  }

private:
  void add(Value value, int64_t from = 0) { relation.members.push_back({value, from}); }

  bool both(Operation *op) {
    add(op->getOperand(0));
    add(op->getResult(0));
    return hasChannels(op->getOperand(0));
  }

  bool relates(Operation *op) {
    if (isPointwise(op))
      return isFiniteOnPadding(op) && pointwise(op);
    if (isWindow(op) || padsPlanes(op))
      return both(op);
    if (auto mean = dyn_cast<ReduceMeanOp>(op))
      return reducesPlanes(mean) && both(op);
    if (isa<FlattenOp, ReshapeOp>(op))
      return hasChannels(op->getOperand(0)) && keepsVectors(op->getOperand(0), op->getResult(0)) && both(op);
    if (auto conv = dyn_cast<ConvOp>(op))
      return hasChannels(conv.getX()) && isPlainDepthwise(conv) &&
             llvm::all_of(conv->getOperands().drop_front(), [&](Value value) { return recipes.contains(value); }) && both(op);
    if (auto concat = dyn_cast<ConcatOp>(op))
      return join(concat.getY(), concat.getXs(), concat.getAxis());
    if (auto split = dyn_cast<SplitOp>(op))
      return hasChannels(split.getX()) && join(split.getX(), split.getYs(), split.getAxis());
    if (auto slice = dyn_cast<SliceOp>(op))
      return hasChannels(slice.getX()) && cut(slice);
    return false;
  }

  bool pointwise(Operation *op) {
    auto result = tensorOf(op->getResult(0));
    for (OpOperand &operand : op->getOpOperands()) {
      std::optional<int64_t> axis = channelAxis(operand, result);
      if (!axis)
        return false;
      if (*axis < 0 || recipes.contains(operand.get()))
        continue;
      if (*axis != 1 || tensorOf(operand.get()).getRank() != result.getRank())
        return false;
      add(operand.get());
    }
    add(op->getResult(0));
    return true;
  }

  bool join(Value whole, ValueRange parts, int64_t axis) {
    add(whole);
    int64_t from = 0;
    for (Value part : parts) {
      if (recipes.contains(part))
        return false;
      add(part, from);
      if (axis == 1)
        relation.cuts.push_back(from += channelsOf(part));
    }
    return true;
  }

  bool cut(SliceOp slice) {
    if (slice.getStep()[1] != 1)
      return false;
    add(slice.getX());
    add(slice.getY(), slice.getStart()[1]);
    relation.cuts = {slice.getStart()[1], slice.getStop()[1]};
    return true;
  }

  const llvm::DenseSet<Value> &recipes;
  Relation relation;
};

} // namespace

bool arrangesChannels(Operation *op, const llvm::DenseSet<Value> &recipes) {
  auto conv = dyn_cast<ConvOp>(op);
  auto linear = dyn_cast<LinearOp>(op);
  if (!(conv && conv.getGroups() == 1) && !(linear && tensorOf(linear.getX()).getRank() == 2))
    return false;
  return hasChannels(op->getOperand(0)) && hasChannels(op->getResult(0)) &&
         llvm::all_of(op->getOperands().drop_front(), [&](Value value) { return recipes.contains(value); });
}

ChannelParts::ChannelParts(func::FuncOp network) : known(recipesIn(network.front())) {
  for (Operation &op : network.front())
    if (std::optional<Relation> relation = Reader(&op, known).read())
      relations.push_back(std::move(*relation));
  for (auto [number, relation] : llvm::enumerate(relations)) {
    byOp[relation.op] = &relation;
    for (const Member &member : relation.members)
      readers[member.value].push_back(number);
  }
  propagate();
  llvm::DenseSet<const Relation *> seen;
  for (unsigned first = 0; first < relations.size(); ++first)
    collect(first, seen);
}

Parts ChannelParts::partsOf(Value value) const {
  Parts parts;
  int64_t from = 0;
  if (auto at = cuts.find(value); at != cuts.end())
    for (int64_t cut : at->second) {
      parts.push_back(cut - from);
      from = cut;
    }
  parts.push_back(channelsOf(value) - from);
  return parts;
}

void ChannelParts::propagate() {
  SmallVector<unsigned> pending(llvm::to_vector(llvm::seq<unsigned>(0, relations.size())));
  while (!pending.empty()) {
    SmallVector<Value> changed;
    refine(relations[pending.pop_back_val()], changed);
    for (Value value : changed)
      llvm::append_range(pending, readers[value]);
  }
}

void ChannelParts::refine(const Relation &relation, SmallVectorImpl<Value> &changed) {
  SmallVector<int64_t> all(relation.cuts);
  for (const Member &member : relation.members)
    for (int64_t cut : cuts[member.value])
      all.push_back(member.from + cut);
  llvm::sort(all);
  all.erase(llvm::unique(all), all.end());
  for (const Member &member : relation.members) {
    SmallVector<int64_t> own;
    for (int64_t cut : all)
      if (cut > member.from && cut < member.from + channelsOf(member.value))
        own.push_back(cut - member.from);
    if (own.size() > cuts[member.value].size()) {
      cuts[member.value] = own;
      changed.push_back(member.value);
    }
  }
}

/// All that is related to relation `first`, directly or through others.
void ChannelParts::collect(unsigned first, llvm::DenseSet<const Relation *> &seen) {
  if (!seen.insert(&relations[first]).second)
    return;
  Component component;
  llvm::DenseSet<Value> values;
  SmallVector<const Relation *> pending{&relations[first]};
  while (!pending.empty()) {
    const Relation *relation = pending.pop_back_val();
    component.relations.push_back(relation);
    for (const Member &member : relation->members) {
      if (!values.insert(member.value).second)
        continue;
      component.values.push_back(member.value);
      for (unsigned number : readers[member.value])
        if (seen.insert(&relations[number]).second)
          pending.push_back(&relations[number]);
    }
  }
  found.push_back(std::move(component));
}

} // namespace weft
