// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// If the compiler laid out a descriptor otherwise than the runtime reads it, every program would crash at its start.
#include "compiler/Emit/Host/ModelLayout.h"
#include "compiler/Emit/Host/Object.h"
#include "runtime/src/common/model.h"
#include "llvm/IR/DataLayout.h"
#include "llvm/Target/TargetMachine.h"

#include <gtest/gtest.h>

TEST(ModelLayout, FieldsLieWhereTheCCompilerPutsThem) {
  auto machine = weft::emit::hostTargetMachine();
  ASSERT_TRUE(machine);
  llvm::LLVMContext context;
  weft::emit::ModelLayout layout(context, machine->createDataLayout());
  EXPECT_EQ(layout.mismatch(), "");
  EXPECT_EQ(layout.field(layout.model, "views"), layout.model->getNumElements() - 1)
      << "a field of weft_model is missing";
}

TEST(ModelLayout, FindsADifferentLayout) {
  llvm::LLVMContext context;
  weft::emit::ModelLayout layout(context, llvm::DataLayout("p:32:32"));
  EXPECT_NE(layout.mismatch(), "");
}
