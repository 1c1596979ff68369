#pragma once

#include <unistd.h>

namespace elbow::test {

/// For its life the process has no more rights than any user, so that permissions hold although the
/// tests are run by root.
class Unprivileged {
 public:
  static constexpr uid_t user = 65534;  ///< nobody

  Unprivileged() : is_root_(geteuid() == 0) {
    if (is_root_) dropped_ = seteuid(user) == 0;
  }
  ~Unprivileged() {
    if (dropped_ && seteuid(0) != 0) _exit(1);
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;

  /// False where the system does not let root become another user.
  bool holds() const { return !is_root_ || dropped_; }

 private:
  bool is_root_, dropped_ = false;
};

}  // namespace elbow::test
