# How the house is built: modules, programs, tests and fuzz targets.
# A module sees only its own headers and those of the modules it names; the layering test checks the link maps.

# sotto_module(NAME SOURCES ... [MODULES ...] [LIBS ...])
# A static library sotto_NAME of the folder it stands in. Its public and house-internal headers are in include/.
# MODULES: modules whose headers it may include (propagated). LIBS: external libraries, private to it.
function(sotto_module NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;MODULES;LIBS" ${ARGN})
  add_library(sotto_${NAME} STATIC ${ARG_SOURCES})
  target_include_directories(sotto_${NAME} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/include)
  foreach(module IN LISTS ARG_MODULES)
    target_link_libraries(sotto_${NAME} PUBLIC sotto_${module})
  endforeach()
  target_link_libraries(sotto_${NAME} PRIVATE ${ARG_LIBS})
endfunction()

# sotto_program(NAME SOURCES ... LINK ... [TEST_ONLY | INSTALL])
# An executable in bin/ with a link map beside it (bin/NAME.map); it needs a row in tests/layering/binaries.txt.
# INSTALL: it is shipped. TEST_ONLY programs go to tests/ and are never installed.
function(sotto_program NAME)
  cmake_parse_arguments(ARG "TEST_ONLY;INSTALL" "" "SOURCES;LINK" ${ARGN})
  add_executable(${NAME} ${ARG_SOURCES})
  target_link_libraries(${NAME} PRIVATE ${ARG_LINK})
  if(ARG_TEST_ONLY)
    set_target_properties(${NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  else()
    _sotto_binary(${NAME} bin/${NAME})
  endif()
  if(ARG_INSTALL)
    install(TARGETS ${NAME} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()

# sotto_gst_plugin(NAME SOURCES ... LINK ...)
# The plugin lib/gstreamer-1.0/libNAME.so with its link map, installed where GStreamer looks. It needs a row in
# tests/layering/binaries.txt.
function(sotto_gst_plugin NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(${NAME} MODULE ${ARG_SOURCES})
  target_link_libraries(${NAME} PRIVATE ${ARG_LINK})
  set_target_properties(${NAME} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/gstreamer-1.0)
  _sotto_binary(${NAME} lib/gstreamer-1.0/lib${NAME}.so)
  install(TARGETS ${NAME} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/gstreamer-1.0)
endfunction()

# A binary's link map, PATH.map, and its entry in the list that the layering test holds against its table.
function(_sotto_binary TARGET PATH)
  target_link_options(${TARGET} PRIVATE -Wl,-Map=${CMAKE_BINARY_DIR}/${PATH}.map)
  set_property(GLOBAL APPEND PROPERTY SOTTO_BINARIES ${PATH})
endfunction()

# sotto_public_library(NAME MODULES m ... HEADERS ... DESCRIPTION "..." LINK ... [REQUIRES pkg-config names] [LIBS names])
# What application developers link: libNAME.so (versioned symbols, exactly those of libNAME.map in the calling folder)
# and libNAME.a, both of the MODULES' objects and what they need of LINK; their headers and NAME.pc. REQUIRES: what a
# static link needs besides; LIBS: of that, what has no pkg-config file.
function(sotto_public_library NAME)
  cmake_parse_arguments(ARG "" "DESCRIPTION" "MODULES;HEADERS;LINK;REQUIRES;LIBS" ${ARGN})
  set(exports ${CMAKE_CURRENT_SOURCE_DIR}/lib${NAME}.map)
  set(objects)
  foreach(module IN LISTS ARG_MODULES)
    list(APPEND objects $<TARGET_OBJECTS:sotto_${module}>)
  endforeach()

  add_library(${NAME} SHARED ${objects})
  target_link_libraries(${NAME} PRIVATE ${ARG_LINK})
  target_link_options(${NAME} PRIVATE -Wl,--version-script=${exports})
  if(NOT SOTTO_SANITIZE)
    target_link_options(${NAME} PRIVATE -Wl,--no-undefined)
  endif()
  set_target_properties(${NAME} PROPERTIES LINKER_LANGUAGE C LINK_DEPENDS ${exports}
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
  _sotto_binary(${NAME} lib/lib${NAME}.so)

  set(static_objects ${objects})
  foreach(library IN LISTS ARG_LINK)
    if(library MATCHES "^sotto_")
      list(APPEND static_objects $<TARGET_OBJECTS:${library}>)
    endif()
  endforeach()
  add_library(${NAME}-static STATIC ${static_objects})
  set_target_properties(${NAME}-static PROPERTIES LINKER_LANGUAGE C OUTPUT_NAME ${NAME})

  # relative to the file itself, so that the prefix may be chosen, or moved, after the build
  file(RELATIVE_PATH SOTTO_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  string(REGEX REPLACE "/$" "" SOTTO_PC_PREFIX "${SOTTO_PC_PREFIX}")
  set(SOTTO_PC_NAME ${NAME})
  set(SOTTO_PC_DESCRIPTION "${ARG_DESCRIPTION}")
  list(JOIN ARG_REQUIRES ", " SOTTO_PC_REQUIRES)
  list(TRANSFORM ARG_LIBS PREPEND "-l")
  list(JOIN ARG_LIBS " " SOTTO_PC_LIBS)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/library.pc.in ${CMAKE_BINARY_DIR}/lib/pkgconfig/${NAME}.pc @ONLY)

  install(TARGETS ${NAME} ${NAME}-static
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(FILES ${ARG_HEADERS} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/sotto)
  install(FILES ${CMAKE_BINARY_DIR}/lib/pkgconfig/${NAME}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

# sotto_unit_test(NAME SOURCES ... LINK ... [LABELS ...] [TIMEOUT s] [MEMCHECK])
# A CUnit suite: one executable, one ctest entry. Exit code 77 means skipped (and says what). LABELS threads: runs under
# TSan in ./dev sanitize. MEMCHECK: a second entry, memcheck.NAME, runs it under valgrind (release only): quick suites
# in which an undefined byte would matter.
function(sotto_unit_test NAME)
  cmake_parse_arguments(ARG "MEMCHECK" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  if(SOTTO_SANITIZE)
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 3")
  endif()
  sotto_program(test_${NAME} TEST_ONLY SOURCES ${ARG_SOURCES} LINK ${ARG_LINK} sotto_unit)
  add_test(NAME unit.${NAME} COMMAND test_${NAME})
  set_tests_properties(unit.${NAME} PROPERTIES LABELS "unit;${ARG_LABELS}")
  set(names unit.${NAME})
  if(ARG_MEMCHECK AND CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT SOTTO_SANITIZE)
    add_test(NAME memcheck.${NAME} COMMAND valgrind --quiet --error-exitcode=1 --leak-check=full
      --errors-for-leak-kinds=definite,indirect $<TARGET_FILE:test_${NAME}>)
    set_tests_properties(memcheck.${NAME} PROPERTIES LABELS memcheck)
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 2")
    list(APPEND names memcheck.${NAME})
  endif()
  set_tests_properties(${names} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "SOTTO_SOURCE_DIR=${CMAKE_SOURCE_DIR}")
  if(NAME MATCHES "^(gst|call)\\.")
    sotto_uses_glib(unit.${NAME})
  endif()
endfunction()

# sotto_uses_glib(TEST): GLib has no frame pointers, and only the slow unwinder sees enough of a leak's stack for
# tests/lsan.supp.
function(sotto_uses_glib TEST)
  set_property(TEST ${TEST} APPEND PROPERTY ENVIRONMENT ASAN_OPTIONS=fast_unwind_on_malloc=0:malloc_context_size=8)
endfunction()

# sotto_fuzz_target(NAME SOURCES ... LINK ...)
# SOURCES define LLVMFuzzerTestOneInput. With SOTTO_FUZZ a libFuzzer program; else a program that replays
# tests/fuzz/corpus/NAME as ctest entry fuzz.NAME.
function(sotto_fuzz_target NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  set(corpus ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${NAME})
  if(SOTTO_FUZZ)
    sotto_program(fuzz_${NAME} TEST_ONLY SOURCES ${ARG_SOURCES} LINK ${ARG_LINK})
    target_link_options(fuzz_${NAME} PRIVATE -fsanitize=fuzzer)
  else()
    sotto_program(fuzz_${NAME} TEST_ONLY SOURCES ${ARG_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c LINK ${ARG_LINK})
  endif()
  # expanded as lists, so that without libFuzzer no empty argument is left
  if(NOT TARGET fuzzers)
    add_custom_target(fuzzers) # all of them, and nothing else
  endif()
  add_dependencies(fuzzers fuzz_${NAME})
  add_test(NAME fuzz.${NAME} COMMAND fuzz_${NAME} $<$<BOOL:${SOTTO_FUZZ}>:-runs=0> ${corpus} COMMAND_EXPAND_LISTS)
  set_tests_properties(fuzz.${NAME} PROPERTIES TIMEOUT 120 LABELS fuzz)
endfunction()

# sotto_bench(NAME SOURCES ... LINK ...)
# A benchmark over bench/bench.h: bin/bench_NAME, and the ctest entry bench.NAME that shows it still runs (--quick).
function(sotto_bench NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  sotto_program(bench_${NAME} SOURCES ${ARG_SOURCES} LINK ${ARG_LINK} sotto_bench)
  add_test(NAME bench.${NAME} COMMAND bench_${NAME} --quick)
  set_tests_properties(bench.${NAME} PROPERTIES TIMEOUT 120 LABELS bench)
endfunction()
