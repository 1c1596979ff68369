// How long a default mean-field fit (adam, 10 draws per step) of a logistic regression takes to
// come within 0.1 nat of its optimum: `bench_time_to_optimum DATA OPTIMUM`. DATA is a table of 24
// covariates and the label 1 or 2, as German credit is. Budgets of iterations are tried from small
// to large, each on its own; times are the process's own; ELBOs are from 100000 fresh draws.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <vector>

#include "support/fit.hpp"

namespace {

using namespace elbow;

test::Built<Model> regression(const char* path) {
  std::ifstream file(path);
  if (!file) throw Error(std::string("no such file: ") + path);
  std::vector<double> numbers;
  for (double x; file >> x;) numbers.push_back(x);
  auto table = std::make_shared<Table>();
  table->values.resize(Index(numbers.size()) / 25, 25);
  for (Index i = 0; i < table->values.rows(); ++i)
    for (Index j = 0; j < 25; ++j) table->values(i, j) = numbers[std::size_t(25 * i + j)];
  for (int j = 1; j <= 25; ++j) table->columns.push_back(std::to_string(j));
  return test::model("logistic_regression", {{"data", std::shared_ptr<const Table>(table)}});
}

double elbo_of(Model& model, Family& q) {
  constexpr Index draws = 1000, blocks = 100;
  Eigen::MatrixXd noise(q.noise().rows(), draws), z(q.dimension(), draws);
  Eigen::VectorXd log_q(draws), log_p(draws);
  RandomStream stream = test::stream(99);
  double sum = 0;
  for (Index b = 0; b < blocks; ++b) {
    fill_noise(q.noise(), stream, noise);
    q.sample(noise, z, log_q);
    model.density()->log_density(z, log_p);
    sum += (log_p - log_q).mean() / double(blocks);
  }
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: bench_time_to_optimum DATA OPTIMUM\n");
    return 2;
  }
  const auto model = regression(argv[1]);
  const double optimum = std::atof(argv[2]);
  for (const Index iterations : {50, 100, 150, 200, 300, 500, 1000, 2000, 5000}) {
    // The median of five runs, and of their ELBOs.
    std::vector<double> seconds, elbos;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const auto q = test::family("gaussian_mean_field", model->density()->dimension());
      const std::clock_t before = std::clock();
      test::fit(*model, *q, "reparameterized", {}, "adam", {}, iterations, seed);
      seconds.push_back(double(std::clock() - before) / CLOCKS_PER_SEC);
      elbos.push_back(elbo_of(*model, *q));
    }
    std::sort(seconds.begin(), seconds.end());
    std::sort(elbos.begin(), elbos.end());
    std::printf("elbow %ld iterations %.6f s elbo %.4f\n", long(iterations), seconds[2], elbos[2]);
    if (elbos[2] > optimum - 0.1) return 0;
  }
  return 0;
}
