#include "r_peer.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace elbow::test {

namespace {

namespace fs = std::filesystem;

/// Rows, columns and elements as doubles in binary: R's own reading of decimals is inexact.
void write(const fs::path& file, const std::vector<Eigen::MatrixXd>& inputs) {
  std::ofstream out(file, std::ios::binary);
  for (const Eigen::MatrixXd& x : inputs) {
    const double shape[] = {double(x.rows()), double(x.cols())};
    out.write(reinterpret_cast<const char*>(shape), sizeof shape);
    out.write(reinterpret_cast<const char*>(x.data()), std::streamsize(x.size() * 8));
  }
}

}  // namespace

std::vector<Eigen::VectorXd> r_peer(const std::string& package, const std::string& body,
                                    const std::vector<Eigen::MatrixXd>& inputs) {
  const std::string probe =
      "Rscript -e 'quit(status = !requireNamespace(\"" + package + "\"))' >/dev/null 2>&1";
  if (std::system(probe.c_str()) != 0) return {};

  const fs::path folder = fs::temp_directory_path() / ("elbow_r_peer_" + std::to_string(getpid()));
  fs::create_directories(folder);
  write(folder / "in", inputs);
  std::ofstream(folder / "script.R")
      << "suppressMessages(library(" << package << "))\n"
      << "f <- function(x) {" << body << "}\n"
      << "input <- file('" << (folder / "in").string() << "', 'rb')\n"
      << "output <- file('" << (folder / "out").string() << "', 'wb')\n"
      << "for (i in seq_len(" << inputs.size() << ")) {\n"
      << "  shape <- readBin(input, 'double', 2)\n"
      << "  x <- matrix(readBin(input, 'double', prod(shape)), shape[1], shape[2])\n"
      << "  y <- suppressWarnings(as.numeric(f(x)))\n"
      << "  writeBin(as.double(length(y)), output)\n"
      << "  writeBin(y, output)\n"
      << "}\n"
      << "close(output)\n";
  const std::string run = "Rscript " + (folder / "script.R").string();
  if (std::system(run.c_str()) != 0) throw std::runtime_error("the R script failed: " + run);

  std::vector<Eigen::VectorXd> outputs;
  std::ifstream in(folder / "out", std::ios::binary);
  for (double size; in.read(reinterpret_cast<char*>(&size), sizeof size);) {
    outputs.emplace_back(Eigen::Index(size));
    in.read(reinterpret_cast<char*>(outputs.back().data()), std::streamsize(size * 8));
  }
  fs::remove_all(folder);
  return outputs;
}

}  // namespace elbow::test
