# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
# For products: networks as CMake targets. Include this file and link what weft_add_model makes; see tools/examples/two-models.
#
#   weft_add_model(TARGET MODEL [NAME NAME] [WEIGHTS FILE...] [SET NAME=V...] [CPU TARGET] [FLAGS FLAG...])
#
# compiles MODEL (a .weft or .onnx file, or zoo:NAME) into a library to link, with its header NAME.h. NAME, the prefix of the C
# interface, is TARGET unless given; two models of one program have different ones. The packed weights are the file in the
# target's property WEFT_WEIGHTS_FILE; weft_copy_weights(PROGRAM MODEL-TARGET...) puts them beside a program.
#
# WEFT_BUILD is the folder weft was built in.

get_filename_component(WEFT_SOURCE "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
set(WEFT_BUILD "${WEFT_SOURCE}/build" CACHE PATH "the folder weft was built in")
find_program(WEFT_WEFTC weftc HINTS "${WEFT_BUILD}/bin" REQUIRED)
find_library(WEFT_RUNTIME weft_runtime HINTS "${WEFT_BUILD}/lib" REQUIRED)
find_package(Threads REQUIRED)

function(weft_add_model target model)
  cmake_parse_arguments(ARG "" "NAME;CPU" "WEIGHTS;SET;FLAGS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    list(JOIN ARG_UNPARSED_ARGUMENTS " " unknown)
    message(FATAL_ERROR "weft_add_model(${target} ${model}): `${unknown}` belongs to none of NAME, WEIGHTS, SET, CPU and FLAGS")
  endif()
  if(NOT ARG_NAME)
    set(ARG_NAME ${target})
  endif()
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}.weft)
  set(inputs ${WEFT_WEFTC})
  if(NOT model MATCHES "^zoo:")
    get_filename_component(model ${model} ABSOLUTE)
    list(APPEND inputs ${model})
  endif()
  set(flags --emit=lib --name=${ARG_NAME} ${ARG_FLAGS})
  foreach(weights ${ARG_WEIGHTS})
    if(NOT weights MATCHES "^random:")
      get_filename_component(weights ${weights} ABSOLUTE)
      list(APPEND inputs ${weights})
    endif()
    list(APPEND flags --weights=${weights})
  endforeach()
  foreach(setting ${ARG_SET})
    list(APPEND flags --set=${setting})
  endforeach()
  if(ARG_CPU)
    list(APPEND flags --target=${ARG_CPU})
  endif()

  set(outputs ${folder}/${ARG_NAME}.a ${folder}/${ARG_NAME}.h ${folder}/${ARG_NAME}.weights)
  add_custom_command(OUTPUT ${outputs}
    COMMAND ${WEFT_WEFTC} ${model} ${flags} -o ${folder}
    DEPENDS ${inputs} COMMENT "Compiling the network ${target}" VERBATIM)
  add_custom_target(${target}-compiled DEPENDS ${outputs})
  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}-compiled)
  target_include_directories(${target} INTERFACE ${folder} ${WEFT_SOURCE}/runtime/include)
  target_link_libraries(${target} INTERFACE ${folder}/${ARG_NAME}.a ${WEFT_RUNTIME} Threads::Threads m)
  set_target_properties(${target} PROPERTIES WEFT_WEIGHTS_FILE ${folder}/${ARG_NAME}.weights)
endfunction()

function(weft_copy_weights program)
  foreach(model ${ARGN})
    get_target_property(weights ${model} WEFT_WEIGHTS_FILE)
    add_custom_command(TARGET ${program} POST_BUILD
      COMMAND ${CMAKE_COMMAND} -E copy_if_different ${weights} $<TARGET_FILE_DIR:${program}> VERBATIM)
  endforeach()
endfunction()
