# Flags that the host and every plugin share. Vector flags are global: a library built with other ones
# lays out Eigen's objects differently and is refused when it is loaded.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

add_library(elbow_flags INTERFACE)
set_target_properties(elbow_flags PROPERTIES EXPORT_NAME flags)
target_compile_features(elbow_flags INTERFACE cxx_std_20)
target_compile_options(elbow_flags INTERFACE -march=${ELBOW_ARCH} -fno-math-errno)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 takes the deliberately undefined vectors of its own AVX-512 headers for mistakes (GCC bug 105593),
  # and with precompiled headers inlined copies of std::string and of Eigen's packets for overruns (bug 105329).
  target_compile_options(elbow_flags INTERFACE
    -Wno-uninitialized -Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow)
endif()

add_library(elbow_warnings INTERFACE)
target_compile_options(elbow_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  $<$<BOOL:${ELBOW_WERROR}>:-Werror>)
