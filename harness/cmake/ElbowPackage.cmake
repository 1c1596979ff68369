# What `cmake --install` gives, and the same package inside the build tree, so that a plugin outside
# the tree finds either with find_package(elbow). The layout is fixed (lib, not lib64 or
# lib/<machine>): the program finds its plugins and templates from its own place.
include(CMakePackageConfigHelpers)

set(elbow_package_folder lib/cmake/elbow)
set(build_package ${PROJECT_BINARY_DIR}/${elbow_package_folder})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/elbowConfig.cmake.in ${build_package}/elbowConfig.cmake
  INSTALL_DESTINATION ${elbow_package_folder})
write_basic_package_version_file(${build_package}/elbowConfigVersion.cmake COMPATIBILITY SameMinorVersion)
configure_file(${CMAKE_CURRENT_LIST_DIR}/ElbowPlugin.cmake ${build_package}/ElbowPlugin.cmake COPYONLY)
export(TARGETS elbow_sdk elbow_flags NAMESPACE elbow:: FILE ${build_package}/elbowTargets.cmake)

install(FILES ${build_package}/elbowConfig.cmake ${build_package}/elbowConfigVersion.cmake
  ${build_package}/ElbowPlugin.cmake DESTINATION ${elbow_package_folder})
install(TARGETS elbow_sdk elbow_flags EXPORT elbow ARCHIVE DESTINATION lib)
install(EXPORT elbow NAMESPACE elbow:: FILE elbowTargets.cmake DESTINATION ${elbow_package_folder})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/harness/sdk/elbow DESTINATION include FILES_MATCHING PATTERN "*.hpp")
install(TARGETS elbow RUNTIME DESTINATION bin)

# The plugins that `elbow new` writes.
set(templates ${PROJECT_SOURCE_DIR}/harness/templates)
file(GLOB template_files CONFIGURE_DEPENDS RELATIVE ${templates} ${templates}/*.in)
foreach(file IN LISTS template_files)
  configure_file(${templates}/${file} ${PROJECT_BINARY_DIR}/share/elbow/templates/${file} COPYONLY)
endforeach()
install(DIRECTORY ${templates}/ DESTINATION share/elbow/templates)

# The page that `elbow info experiment` points to.
set(experiments_page ${PROJECT_SOURCE_DIR}/experiments/README.md)
configure_file(${experiments_page} ${PROJECT_BINARY_DIR}/share/elbow/experiments.md COPYONLY)
install(FILES ${experiments_page} DESTINATION share/elbow RENAME experiments.md)
