#pragma once

#include <stdexcept>
#include <string>

namespace elbow {

/// What a person must fix. The text says where, what was expected and what was found.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An option, or a combination of options, that the declared bounds cannot express and that the
/// plugin refuses. The host adds the plugin's name and the place in the experiment file.
class OptionError : public Error {
 public:
  using Error::Error;
};

/// A combination of model and method that only construction can tell to be impossible. The cell's
/// outcome is `skipped`, with this text as the reason.
class Unsupported : public Error {
 public:
  using Error::Error;
};

}  // namespace elbow
