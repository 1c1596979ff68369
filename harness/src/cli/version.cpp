#include <elbow/plugin.hpp>
#include <iostream>

#include "cli/verbs.hpp"

int elbow::verb_version(const std::vector<std::string>&) {
  const BuildTag tag;
  std::cout << "elbow 0.1.0\nplugin ABI " << ELBOW_ABI << ", SDK " << tag.sdk_hash << ", Eigen "
            << EIGEN_WORLD_VERSION << '.' << EIGEN_MAJOR_VERSION << '.' << EIGEN_MINOR_VERSION
            << " aligned to " << tag.eigen_alignment << " bytes\n";
  return 0;
}
