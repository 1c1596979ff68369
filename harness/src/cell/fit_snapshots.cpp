#include "cell/fit_snapshots.hpp"

#include <algorithm>

namespace elbow {
namespace {

constexpr double most_share_of_time = 0.02;

/// To ask a plugin whether it keeps its state.
struct Nowhere final : StateArchive {
  void bytes(void*, std::size_t) override {}
  bool restoring() const override { return false; }
};

bool is_resumable(const Ingredients& cell) {
  Nowhere nowhere;
  return cell.estimator->state(nowhere) && (!cell.optimizer || cell.optimizer->state(nowhere));
}

FitSnapshots::Clock::duration in_seconds(double seconds) {
  return std::chrono::duration_cast<FitSnapshots::Clock::duration>(
      std::chrono::duration<double>(std::min(seconds, 1e9)));
}

}  // namespace

std::string build_of(const Json& provenance) {
  return Json{{"program", provenance.value("program_sha256", "")},
              {"plugins", provenance.value("plugins", Json::object())}}
      .dump();
}

FitSnapshots::FitSnapshots(const SnapshotPlan& plan, Ingredients& cell,
                           std::function<void(StateArchive&)> state)
    : plan_(plan), cell_(cell), state_(std::move(state)), resumable_(is_resumable(cell)) {
  if (resumable_ && plan.seconds > 0) next_ = Clock::now() + in_seconds(plan_.seconds);
}

void FitSnapshots::exchange(StateArchive& archive) {
  state_(archive);
  for (const auto& owned : cell_.parameters()) archive(*owned.parameters);
  cell_.estimator->state(archive);
  if (cell_.optimizer) cell_.optimizer->state(archive);
}

void FitSnapshots::resume() {
  if (!resumable_ || !std::filesystem::exists(plan_.file)) return;
  std::optional<SnapshotReader> reader;
  try {
    reader.emplace(plan_.file);
  } catch (const Error&) {
    return;  // `elbow run` has said so; the next snapshot takes its place
  }
  if (reader->header().hash != plan_.hash || reader->header().build != plan_.build) return;
  exchange(*reader);
  reader->require_end();
}

void FitSnapshots::take(Index iteration) {
  const Clock::time_point start = Clock::now();
  SnapshotWriter writer(plan_.file, {plan_.hash, plan_.build, iteration});
  exchange(writer);
  writer.publish();
  const Clock::time_point end = Clock::now();
  const double took = std::chrono::duration<double>(end - start).count();
  next_ = end + in_seconds(std::max(plan_.seconds, took / most_share_of_time));
}

}  // namespace elbow
