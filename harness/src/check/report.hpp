#pragma once

#include <functional>

#include "check/finding.hpp"

namespace elbow::check {

/// Runs checks and hands on what they find, each one as soon as it is known.
class Report {
 public:
  /// Is told the name of a check before it runs, so that a crash can be put down to it.
  using Announce = std::function<void(const std::string& name)>;
  using Sink = std::function<void(const std::string& name, const Outcome&)>;

  Report(Announce announce, Sink sink) : announce_(std::move(announce)), sink_(std::move(sink)) {}

  /// @param name  a sentence that says what holds of a sound plugin
  /// An exception out of `body` is a failed check whose detail is the exception's text.
  void check(const std::string& name, const std::function<Outcome()>& body);

 private:
  Announce announce_;
  Sink sink_;
};

}  // namespace elbow::check
