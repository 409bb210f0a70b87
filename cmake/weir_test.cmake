# The kinds of tests. Each registers with ctest, with a label to choose it by and a time limit, which the presets of slow
# builds stretch by WEIR_TIMEOUT_FACTOR.

# weir_test(<name> SOURCES <...> LINK <...> [LABELS <...>] [TIMEOUT <seconds>] [SERIAL])
#
# Adds the program <name>_test, and each of its Catch2 cases as the test "<name>.<case>". LABELS default to "unit", TIMEOUT
# to 60 s a case (give property tests more: WEIR_PROPERTY_GRAPHS says how long they run); SERIAL cases run alone.
function(weir_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "TIMEOUT" "SOURCES;LINK;LABELS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  math(EXPR timeout "${arg_TIMEOUT} * ${WEIR_TIMEOUT_FACTOR}")
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(arg_SERIAL)
    set(serial RUN_SERIAL TRUE)
  endif()
  weir_program(${name}_test SOURCES ${arg_SOURCES} LINK weir_test_main ${arg_LINK})
  catch_discover_tests(${name}_test TEST_PREFIX "${name}." TEST_LIST weir_cases
    EXTRA_ARGS --warn NoTests
    PROPERTIES TIMEOUT ${timeout} ${serial})

  # Catch's own PROPERTIES take no lists, so the labels are set by a script that ctest reads after its list of cases.
  set(labels ${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake)
  file(WRITE ${labels}
    "foreach(case IN LISTS weir_cases)\n"
    "  set_tests_properties(\"\${case}\" PROPERTIES LABELS \"${arg_LABELS}\")\n"
    "endforeach()\n"
    "unset(weir_cases)\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${labels})
endfunction()

# weir_model_test(<name> <source>)
#
# Adds the program <name>_model, which explores interleavings with Relacy; it is never built with a sanitizer. The header
# under test is the production one, included from its own folder. Does nothing unless WEIR_MODEL_TESTS is on.
function(weir_model_test name source)
  if(NOT WEIR_MODEL_TESTS)
    return()
  endif()
  find_path(WEIR_RELACY_INCLUDE relacy/relacy.hpp)
  mark_as_advanced(WEIR_RELACY_INCLUDE)
  if(NOT WEIR_RELACY_INCLUDE)
    message(FATAL_ERROR "WEIR_MODEL_TESTS is on, but relacy/relacy.hpp was not found. "
      "Install Relacy (Debian: relacy-dev), or configure with -DWEIR_MODEL_TESTS=OFF.")
  endif()
  add_executable(${name}_model ${source})
  target_include_directories(${name}_model PRIVATE
    ${PROJECT_SOURCE_DIR}/tests/model
    ${PROJECT_SOURCE_DIR}/pools/include ${PROJECT_SOURCE_DIR}/pools/src
    ${PROJECT_SOURCE_DIR}/framework/include ${PROJECT_SOURCE_DIR}/framework/src)
  target_include_directories(${name}_model SYSTEM PRIVATE ${WEIR_RELACY_INCLUDE})
  target_compile_features(${name}_model PRIVATE cxx_std_20)
  # Relacy swaps stacks behind the sanitizers' backs, and needs some speed.
  target_compile_options(${name}_model PRIVATE -fno-sanitize=all -O2)
  target_link_options(${name}_model PRIVATE -fno-sanitize=all)
  set_target_properties(${name}_model PROPERTIES CXX_EXTENSIONS OFF)
  weir_warnings(${name}_model)
  target_compile_options(${name}_model PRIVATE $<$<CXX_COMPILER_ID:Clang>:-Wno-dollar-in-identifier-extension>) # Relacy's $
  add_test(NAME model.${name} COMMAND ${name}_model)
  set_tests_properties(model.${name} PROPERTIES LABELS model TIMEOUT 1800)
endfunction()

# weir_fuzzer(<name> SOURCES <...> LINK <...>), in tests/fuzz
#
# Adds the program <name>_fuzz around an LLVMFuzzerTestOneInput. With WEIR_FUZZ it is a libFuzzer; otherwise it replays the
# files it is given, and the test "fuzz.<name>" gives it the folder corpus/<name>: what was found once is looked at for ever.
function(weir_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  if(WEIR_FUZZ)
    weir_program(${name}_fuzz SOURCES ${arg_SOURCES} LINK ${arg_LINK})
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  else()
    weir_program(${name}_fuzz SOURCES ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/tests/replay_main.cpp LINK ${arg_LINK})
    math(EXPR timeout "120 * ${WEIR_TIMEOUT_FACTOR}")
    add_test(NAME fuzz.${name} COMMAND ${name}_fuzz ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
    set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT ${timeout})
  endif()
endfunction()

# weir_example(<name> SOURCES <...> [LINK <...>] [ARGS <...>]): the program <name>, and the test that runs it with ARGS.
function(weir_example name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK;ARGS")
  weir_program(${name} SOURCES ${arg_SOURCES} LINK ${arg_LINK})
  if(WEIR_TESTS)
    math(EXPR timeout "120 * ${WEIR_TIMEOUT_FACTOR}")
    add_test(NAME example.${name} COMMAND ${name} ${arg_ARGS})
    set_tests_properties(example.${name} PROPERTIES LABELS example TIMEOUT ${timeout})
  endif()
endfunction()
