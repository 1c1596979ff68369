#include <elbow/plugin.hpp>
#include <iostream>

#include "cli/call.hpp"
#include "cli/verbs.hpp"

int elbow::verb_version(const std::vector<std::string>& arguments) {
  const CallSyntax syntax{
      "version",
      "Prints the program's version and what a plugin must have in common with it.",
      {},
      {}};
  if (!parse_call(syntax, arguments)) return 0;
  const BuildTag tag;
  std::cout << "elbow " ELBOW_VERSION "\nplugin ABI " << ELBOW_ABI << ", SDK " << tag.sdk_hash
            << ", Eigen " << EIGEN_WORLD_VERSION << '.' << EIGEN_MAJOR_VERSION << '.'
            << EIGEN_MINOR_VERSION << " aligned to " << tag.eigen_alignment << " bytes\n";
  return 0;
}
