// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The views of a plan's launches as constant data of the model.
#include "compiler/Emit/Host/Views.h"

#include "compiler/Emit/Host/Descriptor.h"
#include "dialects/Weft/Weft.h"
#include "runtime/src/common/model.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"

using namespace llvm;
using namespace weft;
using namespace weft::emit;
using weft::plan::Extent;

namespace {

class ViewBuilder {
public:
  ViewBuilder(plan::ProgramOp program, const ModelLayout &layout, Module &target)
      : layout(layout), target(target), b(target.getContext()) {
    for (auto [index, size] : enumerate(program.getSizes()))
      sizeNumbers[size.getName()] = index;
    for (plan::OutputOp output : program.getOutputs())
      outputs.push_back(output.getBuffer());
  }

  void add(unsigned launch, StringRef path, mlir::Value buffer, plan::ViewAttr view, FieldAttr field);
  ViewTable table();

private:
  std::optional<int64_t> dim(const Extent &extent) const;
  Constant *numbers(ArrayRef<int64_t> values);
  Constant *axes(FieldAttr field);

  const ModelLayout &layout;
  Module &target;
  IRBuilder<> b;
  StringMap<unsigned> sizeNumbers;
  SmallVector<mlir::Value> outputs;
  SmallVector<Constant *> views;
};

/// A constant, or a run-time size as the runtime writes it.
std::optional<int64_t> ViewBuilder::dim(const Extent &extent) const {
  if (extent.isConstant())
    return extent.add;
  auto known = sizeNumbers.find(extent.size.getValue());
  if (extent.scale != 1 || extent.add != 0 || known == sizeNumbers.end())
    return std::nullopt;
  return -(1 + int64_t(known->second));
}

Constant *ViewBuilder::numbers(ArrayRef<int64_t> values) {
  SmallVector<uint64_t> words(values.begin(), values.end());
  Constant *data = ConstantDataArray::get(target.getContext(), ArrayRef<uint64_t>(words));
  return new GlobalVariable(target, data->getType(), true, GlobalValue::PrivateLinkage, data, "view");
}

Constant *ViewBuilder::axes(FieldAttr field) {
  SmallVector<Constant *> axes;
  auto decimal = [&](double value) { return ConstantFP::get(b.getDoubleTy(), value); };
  for (int64_t k = 0; k < field.getDims().size(); ++k)
    axes.push_back(layout.constant(layout.axis, {{"dim", b.getInt32(field.getDims()[k])},
                                                 {"picture_dim", b.getInt32(field.getPictureDims()[k])},
                                                 {"jump", decimal(field.getJump()[k])},
                                                 {"start", decimal(field.getStart()[k])},
                                                 {"size", decimal(field.getSize()[k])}}));
  auto *type = ArrayType::get(layout.axis, axes.size());
  return new GlobalVariable(target, type, true, GlobalValue::PrivateLinkage, ConstantArray::get(type, axes), "axes");
}

void ViewBuilder::add(unsigned launch, StringRef path, mlir::Value buffer, plan::ViewAttr view, FieldAttr field) {
  SmallVector<int64_t> dims, strides;
  for (auto [extent, stride] : zip(view.getExtents(), view.getStrides())) {
    std::optional<int64_t> value = dim(extent);
    if (!value || !stride.isConstant())
      return;
    dims.push_back(*value);
    strides.push_back(stride.add);
  }
  auto slice = buffer.getDefiningOp<plan::SliceOp>();
  const size_t output = find(outputs, buffer) - outputs.begin();
  std::optional<uint32_t> dtype = dtypeOf(view.getElement());
  if (dims.empty() || dims.size() > WEFT_MAX_RANK || !view.getOffset().isConstant() || !dtype ||
      (!slice && output == outputs.size()))
    return;
  const int64_t begin = (slice ? slice.getOffset() : 0) + view.getOffset().add * view.getElementBytes();
  std::map<std::string, Constant *> fields = {{"path", b.CreateGlobalString(path, "text", 0, &target)},
                                              {"launch", b.getInt32(launch)},
                                              {"output", b.getInt32(slice ? 0 : output + 1)},
                                              {"offset", b.getInt64(begin)},
                                              {"dims", numbers(dims)},
                                              {"strides", numbers(strides)},
                                              {"rank", b.getInt32(dims.size())},
                                              {"dtype", b.getInt32(*dtype)}};
  if (field) {
    ArrayRef<int64_t> parts = field.getChannels();
    fields["channels"] = b.getInt32(sum_of(parts));
    fields["part_count"] = b.getInt32(parts.size());
    if (!parts.empty())
      fields["parts"] = numbers(parts);
    fields["picture"] = b.getInt32(field.getPicture());
    fields["axis_count"] = b.getInt32(field.getDims().size());
    if (!field.getDims().empty())
      fields["axes"] = axes(field);
  }
  views.push_back(layout.constant(layout.view, fields));
}

ViewTable ViewBuilder::table() {
  if (views.empty())
    return {ConstantPointerNull::get(b.getPtrTy()), 0};
  auto *type = ArrayType::get(layout.view, views.size());
  return {new GlobalVariable(target, type, true, GlobalValue::PrivateLinkage, ConstantArray::get(type, views), "views"),
          static_cast<unsigned>(views.size())};
}

/// What pass trace-fields said of a result; null where nobody did.
FieldAttr fieldOf(plan::LaunchOp launch, size_t number) {
  auto fields = launch->getAttrOfType<mlir::ArrayAttr>("weft.fields");
  return fields && number < fields.size() ? mlir::dyn_cast<FieldAttr>(fields[number]) : FieldAttr();
}

} // namespace

ViewTable weft::emit::emitViews(plan::ProgramOp program, const ModelLayout &layout, Module &target) {
  ViewBuilder builder(program, layout, target);
  for (auto [index, launch] : enumerate(program.getBody().getOps<plan::LaunchOp>()))
    for (auto [number, buffer, view] : enumerate(launch.getOutputs(), launch.getOutputViews()))
      builder.add(index, launch.getPath(), buffer, mlir::cast<plan::ViewAttr>(view), fieldOf(launch, number));
  return builder.table();
}
