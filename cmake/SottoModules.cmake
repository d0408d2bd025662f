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

# sotto_program(NAME SOURCES ... LINK ... [TEST_ONLY])
# An executable in bin/ with a link map beside it (bin/NAME.map). TEST_ONLY programs go to tests/ and are never installed.
function(sotto_program NAME)
  cmake_parse_arguments(ARG "TEST_ONLY" "" "SOURCES;LINK" ${ARGN})
  add_executable(${NAME} ${ARG_SOURCES})
  target_link_libraries(${NAME} PRIVATE ${ARG_LINK})
  if(ARG_TEST_ONLY)
    set_target_properties(${NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  else()
    target_link_options(${NAME} PRIVATE -Wl,-Map=${CMAKE_BINARY_DIR}/bin/${NAME}.map)
  endif()
endfunction()

# sotto_unit_test(NAME SOURCES ... LINK ... [LABELS ...] [TIMEOUT s])
# A CUnit suite: one executable, one ctest entry. Exit code 77 means skipped (and says what).
function(sotto_unit_test NAME)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  sotto_program(test_${NAME} TEST_ONLY SOURCES ${ARG_SOURCES} LINK ${ARG_LINK} sotto_unit)
  add_test(NAME unit.${NAME} COMMAND test_${NAME})
  set_tests_properties(unit.${NAME} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT ${ARG_TIMEOUT} LABELS "unit;${ARG_LABELS}"
    ENVIRONMENT "SOTTO_VECTORS=$ENV{SOTTO_VECTORS};SOTTO_MEDIA=$ENV{SOTTO_MEDIA};SOTTO_SOURCE_DIR=${CMAKE_SOURCE_DIR}")
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
  add_test(NAME fuzz.${NAME} COMMAND fuzz_${NAME} $<$<BOOL:${SOTTO_FUZZ}>:-runs=0> ${corpus})
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
