#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::StandardNormal {
 public:
  using StandardNormal::StandardNormal;

  std::vector<DataArray> data() const override {
    return {{{"y", {3}, {}, ""}, Eigen::VectorXd::Zero(2), true}};
  }
};

}  // namespace

POISON(Poisoned, "data_do_not_fit")
