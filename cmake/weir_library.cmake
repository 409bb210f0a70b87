# weir_library(<name> HEADERS <...> SOURCES <...> DEPENDS <...> PRIVATE_DEPENDS <...> BUILD_DEPENDS <...>)
#
# Adds weir::<name>. HEADERS are the library's public API: they are installed, and each must compile on its own (target
# all_verify_interface_header_sets). DEPENDS are targets that the headers use. PRIVATE_DEPENDS are libraries that only the
# sources use; a static build passes them on to the linker of the user, so they must be named in weir-config.cmake.in too.
# BUILD_DEPENDS are header-only libraries that only the sources use; nobody else ever needs them.
function(weir_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;SOURCES;DEPENDS;PRIVATE_DEPENDS;BUILD_DEPENDS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "weir_library(${name}): unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_SOURCES) # a library whose first source is yet to be written
    set(arg_SOURCES ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp)
    file(TOUCH ${arg_SOURCES})
  endif()
  list(TRANSFORM arg_BUILD_DEPENDS REPLACE "(.+)" "$<BUILD_INTERFACE:\\1>")

  add_library(weir_${name} ${arg_SOURCES})
  add_library(weir::${name} ALIAS weir_${name})
  target_sources(weir_${name} PUBLIC
    FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
  target_compile_features(weir_${name} PUBLIC cxx_std_20)
  target_link_libraries(weir_${name}
    PUBLIC ${arg_DEPENDS}
    PRIVATE ${arg_PRIVATE_DEPENDS} ${arg_BUILD_DEPENDS})
  set_target_properties(weir_${name} PROPERTIES
    EXPORT_NAME ${name}
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    CXX_EXTENSIONS OFF
    POSITION_INDEPENDENT_CODE ON
    VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL})
  weir_warnings(weir_${name})
endfunction()

# weir_program(<target> SOURCES <...> LINK <...>): an executable under the project's rules.
function(weir_program target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE ${arg_LINK})
  target_compile_features(${target} PRIVATE cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  weir_warnings(${target})
endfunction()

function(weir_warnings target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
    -Wold-style-cast -Woverloaded-virtual
    $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
    $<$<BOOL:${WEIR_WERROR}>:-Werror>)
endfunction()
