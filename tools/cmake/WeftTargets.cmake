# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
# How a target is declared here. Four kinds: plain C++ libraries, libraries that see MLIR (no RTTI, no exceptions, one
# shared precompiled header), tools, and unit tests.

include(GNUInstallDirs)

# weft_add_library(NAME SOURCES... [LINK LIBS...]): plain C++, standard library only unless LINK says more.
function(weft_add_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
endfunction()

function(weft_use_mlir target)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_include_directories(${target} SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_compile_options(${target} PUBLIC -fno-rtti -fno-exceptions)
  target_link_libraries(${target} PUBLIC MLIR LLVM)
endfunction()

# The precompiled header every MLIR translation unit shares: parsing MLIR costs 10 s without it, 1 s with it.
function(weft_declare_mlir_pch)
  file(WRITE ${CMAKE_BINARY_DIR}/weft_mlir_pch.cpp "// only carries the precompiled header\n")
  add_library(weft_mlir_pch OBJECT ${CMAKE_BINARY_DIR}/weft_mlir_pch.cpp)
  weft_use_mlir(weft_mlir_pch)
  target_precompile_headers(weft_mlir_pch PRIVATE ${CMAKE_SOURCE_DIR}/tools/cmake/MlirPch.h)
endfunction()

# weft_add_mlir_library(NAME SOURCES... [LINK LIBS...] [DEPENDS TABLEGEN-TARGETS...])
function(weft_add_mlir_library name)
  cmake_parse_arguments(ARG "" "" "LINK;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  weft_use_mlir(${name})
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  target_precompile_headers(${name} REUSE_FROM weft_mlir_pch)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# weft_add_tool(NAME SOURCES... [LINK LIBS...])
function(weft_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
endfunction()

# weft_add_unit_test(NAME SOURCES... [LINK LIBS...]): a GoogleTest program, one ctest entry. Lives in build/tests/.
function(weft_add_unit_test name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} weft_unit_test_main)
  add_test(NAME unit/${name} COMMAND ${name})
  set_tests_properties(unit/${name} PROPERTIES SKIP_RETURN_CODE 77) # tests/support/UnitTestMain.cpp
endfunction()

# weft_tablegen(TARGET TD (FLAGS FILE)...): mlir-tblgen writes each FILE into the folder's mirror in build/. Several flags are
# given as one word with commas.
function(weft_tablegen target td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(args ${ARGN})
  while(args)
    list(POP_FRONT args flag file)
    string(REPLACE "," ";" flags "${flag}")
    mlir_tablegen(${file} ${flags} EXTRA_INCLUDES ${CMAKE_SOURCE_DIR} ${MLIR_INCLUDE_DIRS})
  endwhile()
  add_public_tablegen_target(${target})
endfunction()

weft_declare_mlir_pch()
