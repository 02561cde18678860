// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A plan written in a test, as a module.
#pragma once

#include "compiler/Emit/Host/HostModule.h"
#include "dialects/Weft/Weft.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"

struct Parsed {
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;

  explicit Parsed(llvm::StringRef text) {
    context.loadDialect<mlir::func::FuncDialect, weft::plan::PlanDialect, weft::WeftDialect>();
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  }
  weft::plan::ProgramOp program() { return weft::emit::findProgram(*module); }
};
