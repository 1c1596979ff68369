#include "record/warm_up.hpp"

#include <H5Cpp.h>
#include <malloc.h>

#include "record/cell_writer.hpp"

namespace elbow {

void warm_up_recording(const std::filesystem::path& folder) {
  {
    CellWriter writer(folder / "warm-up.h5");
    writer.attribute("text", "text");
    writer.attribute("real", 0.5);
    writer.attribute("integer", std::int64_t(1));
    writer.coordinate({"label", {"a", "b"}});
    const Eigen::VectorXd values = Eigen::VectorXd::LinSpaced(2, 0, 1);
    writer.array("observed_data", {"y", {2}, {"label"}, "m"}, values);
    writer.draws("posterior", {{"z", {2}, {}, ""}}, 1).append(0, values);
    writer.rows("vi_trace", "iteration", {{"elbo", "evidence lower bound", "nats"}})
        .append(0, values.head(1));
    writer.metrics({{"elbo", 0, 1, "nats", "evidence lower bound"}});
    writer.outcome({Ending::converged, ""});
    writer.complete();
  }
  // Free memory that was used before would be copied, page by page, by each process that uses it.
  H5garbage_collect();
  malloc_trim(0);
}

}  // namespace elbow
