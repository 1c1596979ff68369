#include "check/report.hpp"

#include <exception>

namespace elbow::check {

void Report::check(const std::string& name, const std::function<Outcome()>& body) {
  announce_(name);
  try {
    sink_(name, body());
  } catch (const std::exception& error) {
    sink_(name, failed("an exception: ", error.what()));
  }
}

}  // namespace elbow::check
