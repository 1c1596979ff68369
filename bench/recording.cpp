// How fast draws stream to disk, against a plain write() of the same bytes. Both include fsync.
//   bench_recording [folder = .] [draws = 10000000]

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <elbow/random.hpp>
#include <fstream>
#include <string>

#include "record/cell_writer.hpp"

using namespace elbow;

namespace {

constexpr Index numbers = 10;       // per draw
constexpr Index append_size = 100;  // draws per call

/// Resident memory now, MB.
double resident_mb() {
  std::ifstream status("/proc/self/statm");
  long pages = 0, resident = 0;
  status >> pages >> resident;
  return static_cast<double>(resident * ::sysconf(_SC_PAGESIZE)) * 1e-6;
}

double peak_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1.024e-3;
}

struct Cost {
  double seconds, processor_seconds;
};

/// What `work` takes, by the clock and of this process's processor time.
template <class Work>
Cost cost_of(Work&& work) {
  const auto processor = [] {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  };
  const double before = processor();
  const auto start = std::chrono::steady_clock::now();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
          processor() - before};
}

void write_plainly(const std::string& file, const Eigen::MatrixXd& block, Index draws) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  const auto bytes = static_cast<std::size_t>(block.size()) * sizeof(double);
  for (Index done = 0; done < draws; done += block.cols())
    if (::write(descriptor, block.data(), bytes) != static_cast<ssize_t>(bytes)) {
      std::perror(file.c_str());
      std::exit(1);
    }
  ::fsync(descriptor);
  ::close(descriptor);
  ::unlink(file.c_str());
}

void record(const std::string& file, const Eigen::MatrixXd& block, Index draws,
            const std::vector<Variable>& variables) {
  CellWriter cell(file);
  DrawStream& stream = cell.draws("posterior", variables, 1);
  for (Index done = 0; done < draws; done += append_size)
    stream.append(0, block.middleCols(done % block.cols(), append_size));
  cell.commit();
  ::unlink(file.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : ".";
  const Index draws = argc > 2 ? std::atol(argv[2]) : 10'000'000;
  Eigen::MatrixXd block(numbers, 10'000);
  RandomStream(1, 0, "recording").fill_normal(block);
  const double mb = static_cast<double>(draws * numbers) * 8e-6;
  std::vector<Variable> scalars;
  for (Index i = 0; i < numbers; ++i)
    scalars.push_back({std::string("v").append(std::to_string(i)), {}, {}, ""});

  std::printf("%.0f MB: %ld draws of %ld standard normal numbers; resident at the start %.0f MB\n",
              mb, static_cast<long>(draws), static_cast<long>(numbers), resident_mb());
  std::printf("%-24s %8s %8s %8s %14s\n", "", "s", "CPU s", "MB/s", "of plain write");
  for (int round = 0; round < 3; ++round) {
    const Cost plain = cost_of([&] { write_plainly(folder + "/plain.bin", block, draws); });
    const auto print = [&](const char* what, const Cost& cost) {
      std::printf("%-24s %8.2f %8.2f %8.0f %13.0f%%\n", what, cost.seconds, cost.processor_seconds,
                  mb / cost.seconds, 100 * plain.seconds / cost.seconds);
    };
    print("plain write()", plain);
    print("one variable of 10", cost_of([&] {
            record(folder + "/vector.h5", block, draws, {{"z", {numbers}, {}, ""}});
          }));
    print("ten scalar variables",
          cost_of([&] { record(folder + "/scalars.h5", block, draws, scalars); }));
  }
  std::printf("peak resident %.0f MB\n", peak_mb());
}
