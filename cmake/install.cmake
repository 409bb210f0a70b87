# Install rules, the CMake package, pkg-config files and Debian packages.
include(CMakePackageConfigHelpers)
set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/weir)
set(pc_dir     ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH pc_to_prefix ${CMAKE_INSTALL_PREFIX}/${pc_dir} ${CMAKE_INSTALL_PREFIX})

set(pc_ffmpeg "libavformat >= 59, libavcodec >= 59, libavutil >= 57, libswscale >= 6, libswresample >= 4")
string(REPLACE ", " ";" pc_ffmpeg_modules "${pc_ffmpeg}")
string(REPLACE " " "" pc_ffmpeg_modules "${pc_ffmpeg_modules}")
string(REPLACE ";" " " pc_ffmpeg_modules "${pc_ffmpeg_modules}")
if(BUILD_SHARED_LIBS)
  set(weir_static FALSE)
else() # static libraries pass on what only their sources use
  set(weir_static TRUE)
  set(pc_pools_private     "fmt >= 9")
  set(pc_framework_private ", spdlog >= 1.10")
  set(pc_stages_private    ", zimg >= 3.0")
  set(pc_threads           " -pthread")
endif()

set(components pools framework)
if(WEIR_STAGES)
  list(APPEND components stages)
endif()

foreach(component IN LISTS components)
  install(TARGETS weir_${component} EXPORT weir-${component}-targets
    RUNTIME COMPONENT runtime
    LIBRARY COMPONENT runtime NAMELINK_COMPONENT devel
    ARCHIVE COMPONENT devel
    FILE_SET HEADERS COMPONENT devel)
  install(EXPORT weir-${component}-targets NAMESPACE weir::
    DESTINATION ${config_dir} COMPONENT devel)
  configure_file(cmake/weir-${component}.pc.in weir-${component}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/weir-${component}.pc
    DESTINATION ${pc_dir} COMPONENT devel)
endforeach()
if(TARGET weir)
  install(TARGETS weir RUNTIME COMPONENT program)
endif()

configure_package_config_file(cmake/weir-config.cmake.in weir-config.cmake
  INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(weir-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
    ${PROJECT_BINARY_DIR}/weir-config.cmake
    ${PROJECT_BINARY_DIR}/weir-config-version.cmake
  DESTINATION ${config_dir} COMPONENT devel)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The Weir developers <weir@example.org>")
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libweir${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_DEVEL_PACKAGE_NAME libweir-dev)
set(CPACK_DEBIAN_DEVEL_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVEL_PACKAGE_DEPENDS
  "libtbb-dev, libavformat-dev, libavcodec-dev, libavutil-dev, libswscale-dev, libswresample-dev")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME weir)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION video)
set(CPACK_COMPONENTS_ALL devel)
if(TARGET weir)
  list(APPEND CPACK_COMPONENTS_ALL program)
endif()
if(BUILD_SHARED_LIBS)
  list(APPEND CPACK_COMPONENTS_ALL runtime)
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/pools ${PROJECT_BINARY_DIR}/framework
    ${PROJECT_BINARY_DIR}/stages)
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS "${CPACK_DEBIAN_RUNTIME_PACKAGE_NAME} (= ${PROJECT_VERSION})")
  string(PREPEND CPACK_DEBIAN_DEVEL_PACKAGE_DEPENDS
    "${CPACK_DEBIAN_RUNTIME_PACKAGE_NAME} (= ${PROJECT_VERSION}), ")
else()
  string(APPEND CPACK_DEBIAN_DEVEL_PACKAGE_DEPENDS ", libfmt-dev, libspdlog-dev, libzimg-dev")
endif()
include(CPack)
