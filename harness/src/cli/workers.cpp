#include "cli/workers.hpp"

#include <cstdint>
#include <elbow/error.hpp>

#include "run/scheduler.hpp"

namespace elbow {

std::size_t workers_of(const Call& call) {
  if (!call.options.count("jobs")) return available_processors();
  const std::int64_t workers = call.options["jobs"].as<std::int64_t>();
  if (workers < 1 || workers > 10'000)
    throw Error("-j must be from 1 to 10000, got " + std::to_string(workers));
  return std::size_t(workers);
}

}  // namespace elbow
