/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Makes an executable or a shared library of fake_image: what compiler/Emit/Host writes for them.
 */
#include "FakeModel.h"

__attribute__((visibility("default"))) const weft_model *weft_query(uint32_t abi) {
  return abi == WEFT_ABI ? &fake_image : NULL;
}
