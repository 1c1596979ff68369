# elbow_add_plugin(KIND NAME SOURCE...)
#
# One plugin: the library <name>.so in the folder of its kind (models, families, estimators, optimizers,
# samplers), exporting its descriptor and nothing else. KIND is model, family, estimator, optimizer or
# sampler. The build tree's folder is ELBOW_PLUGIN_OUTPUT_DIRECTORY, by default <build>/plugins.
function(elbow_add_plugin kind name)
  set(folder_model models)
  set(folder_family families)
  set(folder_estimator estimators)
  set(folder_optimizer optimizers)
  set(folder_sampler samplers)
  if(NOT name MATCHES "^[a-z][a-z0-9_]*$")
    message(FATAL_ERROR "elbow_add_plugin(${kind} ${name}): a name is lower-case letters, digits and _, got \"${name}\"")
  endif()
  if(NOT DEFINED folder_${kind})
    message(FATAL_ERROR "elbow_add_plugin: kind must be model, family, estimator, optimizer or sampler, got \"${kind}\"")
  endif()
  if(NOT ARGN)
    message(FATAL_ERROR "elbow_add_plugin(${kind} ${name}): no source file given")
  endif()
  if(NOT ELBOW_PLUGIN_OUTPUT_DIRECTORY)
    set(ELBOW_PLUGIN_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
  endif()
  set(target ${kind}_${name})
  add_library(${target} MODULE ${ARGN})
  target_link_libraries(${target} PRIVATE elbow::sdk)
  target_link_options(${target} PRIVATE -Wl,-z,defs -Wl,--exclude-libs,ALL)
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} CXX_EXTENSIONS OFF
    DEFINE_SYMBOL ""  # one definition per plugin would keep them from sharing compiled headers
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE ON
    LIBRARY_OUTPUT_DIRECTORY ${ELBOW_PLUGIN_OUTPUT_DIRECTORY}/${folder_${kind}})
endfunction()
