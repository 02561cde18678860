// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How a call in a text becomes an op: `conv(x, out=64, kernel=3)` names a registered op, its keywords name attributes,
// and weights the op implies are asked for by suffix. Frontends use this and know no op by name.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

#include <variant>

namespace weft {

/// One argument of a call. Positional ones have an empty name. Compile-time values are attributes: i64, f64, bool,
/// string, arrays of these (ArrayAttr); a run-time size is its name (StringAttr), elements of `const` read from a file
/// are a DenseElementsAttr. Lists of tensors are several values.
struct CallArgument {
  llvm::StringRef name;
  std::variant<llvm::SmallVector<mlir::Value>, mlir::Attribute> value;
  mlir::Location loc;
};

/// What a frontend lends while an op is made.
class CallContext {
public:
  virtual ~CallContext() = default;
  /// The weight at `<path of this call>.<suffix>`, made if it is new; at the path itself where `suffix` is empty
  /// (`weight`, `bias`, `scale`). Null after an error that has been reported.
  virtual mlir::Value weight(llvm::StringRef suffix, mlir::RankedTensorType type, mlir::Location loc) = 0;
  /// Starts an error at `loc`. Text follows HOUSE rules: lower case, names in backticks, the hint last.
  virtual mlir::InFlightDiagnostic error(mlir::Location loc) = 0;
};

/// Makes the op for `name(args)`; fails after reporting through `context`. Checks attribute names (with a suggestion),
/// kinds and shapes; fills in the defaults of ONNX; turns `pad=same` and integers into lists.
mlir::FailureOr<llvm::SmallVector<mlir::Value>> buildCall(mlir::OpBuilder &builder, mlir::Location loc,
                                                          llvm::StringRef name, llvm::ArrayRef<CallArgument> args,
                                                          CallContext &context);

/// Whether `name` can be called, all such names (sorted, for suggestions), and the keywords one takes.
bool isCall(llvm::StringRef name);
llvm::ArrayRef<llvm::StringRef> callNames();
llvm::ArrayRef<llvm::StringRef> callKeywords(llvm::StringRef name);

/// The name a call with weights takes as its path when there is no `as` ("conv", "batchnorm"); empty for ops without
/// weights.
llvm::StringRef defaultPath(llvm::StringRef name);

} // namespace weft
