# The router's tests: a simulated room around it, each file's suite, and that it is blind.
add_library(sotto_sfu_sim STATIC sim.c slot_pair.c)
target_include_directories(sotto_sfu_sim PUBLIC ${CMAKE_SOURCE_DIR}/sfu ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(sotto_sfu_sim PUBLIC sotto_sfu sotto_unit)

foreach(file arrivals cache feedback follow learn nack pair peer reports rewrite room router select slot slot_key source window)
  sotto_unit_test(sfu.${file} SOURCES test_${file}.c LINK sotto_sfu_sim)
endforeach()
sotto_unit_test(sfu.memory SOURCES test_memory.c LINK sotto_sfu_sim)
unit_counts_allocations(sfu.memory)

add_library(sotto_sfu_blind STATIC blind.c)
target_link_libraries(sotto_sfu_blind PUBLIC sotto_sfu_sim)
sotto_unit_test(sfu.blind SOURCES test_blind.c LINK sotto_sfu_blind)

# payload bytes undefined under memcheck; a sanitizer's program does not run under valgrind
find_program(VALGRIND valgrind)
find_path(VALGRIND_INCLUDE valgrind/memcheck.h)
if(VALGRIND AND VALGRIND_INCLUDE AND NOT SOTTO_SANITIZE)
  sotto_program(blind_memcheck TEST_ONLY SOURCES blind_memcheck.c LINK sotto_sfu_blind)
  set(memcheck ${VALGRIND} --tool=memcheck --error-exitcode=99 $<TARGET_FILE:blind_memcheck>)
  add_test(NAME unit.sfu.blind_memcheck COMMAND ${memcheck})
  set_tests_properties(unit.sfu.blind_memcheck PROPERTIES TIMEOUT 120 LABELS unit)
  foreach(control control-in control-out)
    add_test(NAME unit.sfu.blind_memcheck.${control} COMMAND ${memcheck} ${control})
    set_tests_properties(unit.sfu.blind_memcheck.${control} PROPERTIES TIMEOUT 120 LABELS unit
      PASS_REGULAR_EXPRESSION "depends on uninitialised value.*look ")
  endforeach()
elseif(NOT SOTTO_SANITIZE)
  add_test(NAME unit.sfu.blind_memcheck COMMAND sh -c "echo 'skipped: no valgrind, nothing shows that the router is blind'; exit 77")
  set_tests_properties(unit.sfu.blind_memcheck PROPERTIES SKIP_RETURN_CODE 77 LABELS unit)
endif()
