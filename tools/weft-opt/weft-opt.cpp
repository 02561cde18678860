// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// weft-opt: any pass of weft, and upstream's linalg, tensor, memref, bufferization and LLVM passes, on a file of IR.

#include "compiler/Pipeline/Pipeline.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  weft::registerPipelineDialects(registry);
  weft::registerPipelinePasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "weft's passes, one by one\n", registry));
}
