# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
# Compiler flags common to every target, the linker and ccache. Nothing here names a target.

set(WEFT_SANITIZE "" CACHE STRING "sanitizers for the plain C and C++ parts, such as address,undefined")

# Assertions stay on in every build: a compiler that is wrong should say so.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")

add_compile_options(-Wall -Wextra -Wno-unused-parameter)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld)
endif()
if(WEFT_SANITIZE)
  add_compile_options(-fsanitize=${WEFT_SANITIZE} -fno-sanitize-recover=all -g)
  add_link_options(-fsanitize=${WEFT_SANITIZE})
endif()

find_program(WEFT_CCACHE ccache)
if(WEFT_CCACHE)
  # A precompiled header carries its build time; ccache must be told to look past that.
  set(WEFT_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${WEFT_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${WEFT_LAUNCHER})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${WEFT_LAUNCHER})
endif()
