# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
# The packages weft is built with: LLVM and MLIR (Debian), Halide (the wheel in the project's .venv), fmt, GoogleTest.

find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
set(MLIR_LINK_MLIR_DYLIB ON)
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
find_program(LLVM_TABLEGEN_EXE llvm-tblgen HINTS ${LLVM_TOOLS_BINARY_DIR} REQUIRED)
include(TableGen)
include(AddLLVM)
include(AddMLIR)

file(GLOB WEFT_HALIDE_HINT ${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/halide)
set(WEFT_HALIDE_ROOT "${WEFT_HALIDE_HINT}" CACHE PATH "the folder `halide` inside site-packages")
find_path(WEFT_HALIDE_INCLUDE Halide.h PATHS ${WEFT_HALIDE_ROOT}/include REQUIRED NO_DEFAULT_PATH)
find_library(WEFT_HALIDE_LIBRARY Halide PATHS ${WEFT_HALIDE_ROOT}/lib64 REQUIRED NO_DEFAULT_PATH)
# An imported target of our own: the wheel's CMake files want a newer CMake than Debian's.
add_library(weft_halide SHARED IMPORTED)
set_target_properties(weft_halide PROPERTIES
  IMPORTED_LOCATION ${WEFT_HALIDE_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${WEFT_HALIDE_INCLUDE})

find_package(fmt REQUIRED)
find_package(GTest REQUIRED)
find_package(Threads REQUIRED)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(WEFT_PYTHON ${CMAKE_SOURCE_DIR}/.venv/bin/python3)
