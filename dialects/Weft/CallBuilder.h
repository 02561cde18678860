// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Inside of Call.cpp's machinery: the table of calls and what a row's function builds its operation with. The rows of a
// category stand in <Category>Calls.cpp; nothing outside this folder includes this.
#pragma once

#include "dialects/Weft/Call.h"
#include "dialects/Weft/Weft.h"

#include <map>

namespace weft {

/// Limits of what a text may ask for, so that no arithmetic on shapes overflows 64 bits and a typing error does not ask
/// for all memory there is.
constexpr int64_t largestExtent = (int64_t(1) << 31) - 1;
constexpr int64_t mostElements = int64_t(1) << 40;
constexpr int64_t mostPieces = 65536;

/// What a parameter of a call takes. Words are checked against the enumeration they stand for.
enum class Takes : uint8_t {
  Tensor,  ///< one tensor; a number where `numbers` of the signature allows it
  Tensors, ///< a list of tensors, or all positional ones
  Integer, ///< or a run-time size where the row's function allows it
  Real,    ///< integers too
  Bool,
  Word,
  Integers, ///< a list; one integer stands for a list of one
  Reals,    ///< a list; one number stands for a list of one
  Spatial,  ///< one integer for all spatial dimensions, or a list of one each
  Anything, ///< left to the row's function
};

struct Parameter {
  llvm::StringRef name;
  Takes takes;
  bool positional = false; ///< may be given by position; tensors always may
};

using Values = llvm::SmallVector<mlir::Value>;
using Attributes = llvm::SmallVector<mlir::NamedAttribute>;

class CallBuilder;
using BuildFunction = mlir::FailureOr<Values> (*)(CallBuilder &call);

/// A row of the table of calls.
struct Signature {
  llvm::StringRef name;
  std::vector<Parameter> parameters;
  BuildFunction build;
  /// The operation the call makes, where it is not `weft.<name>`.
  llvm::StringRef op = {};
  /// The path it takes without `as`; empty for operations without weights.
  llvm::StringRef path = {};
};

/// The arguments of one call, sorted by parameter, and the means to answer it. Every accessor that can fail reports
/// first.
class CallBuilder {
public:
  CallBuilder(mlir::OpBuilder &builder, mlir::Location loc, const Signature &signature, CallContext &context)
      : builder(builder), loc(loc), signature(signature), context(context) {}

  /// Sorts the arguments; reports unknown, repeated and missing ones.
  mlir::LogicalResult bind(llvm::ArrayRef<CallArgument> args);

  bool has(llvm::StringRef name) const { return bound.count(name); }
  mlir::Location locOf(llvm::StringRef name) const { return has(name) ? bound.at(name).front()->loc : loc; }

  mlir::FailureOr<mlir::Value> tensor(llvm::StringRef name);
  mlir::FailureOr<Values> tensors(llvm::StringRef name);
  /// A tensor, or a number made into a constant of the element type of `like`.
  mlir::FailureOr<mlir::Value> tensorOrNumber(llvm::StringRef name, mlir::RankedTensorType like);
  /// The tensor if `name` is given as one.
  std::optional<mlir::Value> optionalTensor(llvm::StringRef name);
  mlir::FailureOr<int64_t> integer(llvm::StringRef name, std::optional<int64_t> otherwise = {});
  mlir::FailureOr<bool> boolean(llvm::StringRef name, bool otherwise);
  mlir::FailureOr<double> real(llvm::StringRef name, std::optional<double> otherwise = {});
  mlir::FailureOr<llvm::StringRef> word(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> legal);
  /// Names of run-time sizes in the list become -1.
  mlir::FailureOr<Extents> integers(llvm::StringRef name);
  mlir::FailureOr<Extents> spatial(llvm::StringRef name, unsigned rank, std::optional<int64_t> otherwise = {});
  mlir::FailureOr<llvm::SmallVector<double>> reals(llvm::StringRef name);
  /// The raw argument; null if it is not given or is a tensor.
  mlir::Attribute attribute(llvm::StringRef name) const;
  /// An axis counted from the end if negative, checked against `rank`.
  mlir::FailureOr<int64_t> axis(llvm::StringRef name, int64_t rank, std::optional<int64_t> otherwise = {});

  mlir::FailureOr<mlir::Value> weight(llvm::StringRef suffix, llvm::ArrayRef<int64_t> extents, mlir::Type elementType);
  mlir::Value constant(mlir::DenseElementsAttr value);

  /// Makes the operation after asking inference and verifier; their errors become errors of the call.
  mlir::FailureOr<Values> make(llvm::StringRef op, mlir::ValueRange operands,
                               llvm::ArrayRef<mlir::NamedAttribute> attributes);
  /// Operands and attributes as the table says, those not given left to the operation's defaults.
  mlir::FailureOr<Values> makePlainly();

  mlir::NamedAttribute named(llvm::StringRef name, mlir::Attribute value) { return builder.getNamedAttr(name, value); }
  mlir::NamedAttribute list(llvm::StringRef name, llvm::ArrayRef<int64_t> values) {
    return named(name, builder.getDenseI64ArrayAttr(values));
  }
  mlir::InFlightDiagnostic error(mlir::Location at) { return context.error(at); }
  mlir::LogicalResult missing(llvm::StringRef name);
  /// Reports a tensor beyond the limits above; `what` begins the sentence.
  mlir::LogicalResult checkSize(llvm::StringRef what, llvm::ArrayRef<int64_t> extents);
  /// Reports a tensor with a run-time size where the operation has no meaning for one yet.
  mlir::LogicalResult wantsKnownSizes(mlir::Value x);
  /// Reports integers where the operation has no meaning for them.
  mlir::LogicalResult wantsFloats(mlir::Value x);
  /// Reports bytes: they are converted before anything is computed with them.
  mlir::LogicalResult refuseBytes(mlir::ValueRange operands);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  const Signature &signature;
  CallContext &context;

private:
  const Parameter *find(llvm::StringRef name) const;
  mlir::LogicalResult bindNamed(const CallArgument &arg);
  mlir::LogicalResult bindPositional(const CallArgument &arg, size_t &next);
  mlir::InFlightDiagnostic mismatch(llvm::StringRef name, llvm::StringRef expected);
  mlir::FailureOr<mlir::Attribute> convert(const Parameter &parameter);
  void report(llvm::ArrayRef<std::string> texts, mlir::ValueRange operands);

  std::map<llvm::StringRef, llvm::SmallVector<const CallArgument *>> bound;
};

/// A row whose arguments are the operation's operands and attributes, nothing to be filled in.
mlir::FailureOr<Values> buildPlainly(CallBuilder &call);

/// Rows of each category.
std::vector<Signature> elementwiseCalls();
std::vector<Signature> contractionCalls();
std::vector<Signature> windowCalls();
std::vector<Signature> reductionCalls();
std::vector<Signature> shapeCalls();
std::vector<Signature> graphCalls();
std::vector<Signature> constantCalls();

/// Low paddings, then high ones, from `pad=` (an integer, a list, "same" or "valid") for a window over `x`; obeys
/// `fit`.
mlir::FailureOr<Extents> windowPadding(CallBuilder &call, mlir::RankedTensorType x, llvm::ArrayRef<int64_t> kernel,
                                       llvm::ArrayRef<int64_t> stride, llvm::ArrayRef<int64_t> dilation);

/// The name among `names` nearest to `name`, as "; did you mean `x`?", or nothing.
std::string suggestion(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> names);

} // namespace weft
