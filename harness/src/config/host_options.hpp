#pragma once

#include <elbow/option.hpp>
#include <string>
#include <vector>

namespace elbow {

/// Which methods an option of the host applies to.
enum class MethodPart { any, fit, sampler, both };

/// A table of an experiment file whose options belong to the host and not to a plugin.
struct HostTable {
  std::string name;  ///< "" for the top of the file, "evaluation", "limits", "model",
                     ///< "model.posterior_of", "method", "method.stop"
  std::string help;
  std::vector<Option> options;
  MethodPart part = MethodPart::any;
};

/// Whether options for that part are for a method with or without an estimator and a sampler.
bool applies(MethodPart part, bool fits, bool samples);

/// Every option of the host: the only place that says their names, defaults, bounds and units.
const std::vector<HostTable>& host_tables();

}  // namespace elbow
