#include <Random123/philox.h>

#include <catch2/catch.hpp>
#include <elbow/random.hpp>
#include <map>
#include <set>

using namespace elbow;

namespace {

Eigen::VectorXd uniforms(RandomStream stream, Index n) {
  Eigen::MatrixXd out(n, 1);
  stream.fill_uniform(out);
  return out;
}

double correlation(const Eigen::VectorXd& a, const Eigen::VectorXd& b) {
  const Eigen::VectorXd x = a.array() - a.mean();
  const Eigen::VectorXd y = b.array() - b.mean();
  return x.dot(y) / (x.norm() * y.norm());
}

}  // namespace

TEST_CASE("Philox4x32-10 gives the known answers of its authors") {
  // kat_vectors of Random123.
  using Philox = r123::Philox4x32;
  const auto answer = [](Philox::ctr_type counter, Philox::key_type key) {
    return Philox()(counter, key);
  };
  CHECK(answer({{0, 0, 0, 0}}, {{0, 0}}) ==
        Philox::ctr_type{{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}});
  const std::uint32_t ones = 0xffffffff;
  CHECK(answer({{ones, ones, ones, ones}}, {{ones, ones}}) ==
        Philox::ctr_type{{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}});
  CHECK(answer({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, {{0xa4093822, 0x299f31d0}}) ==
        Philox::ctr_type{{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}});
}

TEST_CASE("filling a block gives bit for bit the numbers of single calls") {
  const Index rows = GENERATE(1, 2, 3, 8, 9, 31);
  const Index cols = GENERATE(1, 2, 5);
  const int calls_before = GENERATE(0, 1);
  RandomStream filled(7, 1, "noise");
  for (int i = 0; i < calls_before; ++i) filled.uniform();
  RandomStream called = filled;
  Eigen::MatrixXd block(rows, cols);
  filled.fill_uniform(block);
  for (double number : block.reshaped()) CHECK(number == called.uniform());
  filled.fill_normal(block);
  for (double number : block.reshaped()) CHECK(number == called.normal());
  CHECK(filled.bits() == called.bits());
}

TEST_CASE("filling with random bytes gives those of single calls, the lowest one first") {
  for (const bool odd : {false, true})
    for (const std::size_t size : {0, 1, 2, 63, 64, 65, 200, 333}) {
      RandomStream filled(1, 0, "bits"), single = filled;
      if (odd) filled.bits(), single.bits();
      std::vector<std::uint8_t> bytes(size);
      filled.fill_bytes(bytes);
      std::uint64_t word = 0;
      for (std::size_t i = 0; i < size; ++i) {
        word = i % 8 ? word >> 8 : single.bits();
        REQUIRE(bytes[i] == std::uint8_t(word));
      }
      REQUIRE(filled.bits() == single.bits());
    }
}

TEST_CASE("filling a part of a larger matrix touches that part alone") {
  RandomStream filled(7, 1, "noise"), called = filled;
  Eigen::MatrixXd whole = Eigen::MatrixXd::Constant(7, 4, -1);
  filled.fill_normal(whole.topRows(3));
  for (double number : whole.topRows(3).reshaped()) CHECK(number == called.normal());
  CHECK((whole.bottomRows(4).array() == -1).all());
}

TEST_CASE("uniforms, normals and exponentials have the moments of their distributions") {
  const Index n = 200'000;
  RandomStream stream(3, 0, "test");
  Eigen::MatrixXd x(n, 1);
  const auto check = [&](double mean, double variance, double fourth_central) {
    const Eigen::ArrayXd centred = x.array() - mean;
    CHECK(std::abs(centred.mean()) < 5 * std::sqrt(variance / double(n)));
    CHECK(std::abs(centred.square().mean() - variance) <
          5 * std::sqrt((fourth_central - variance * variance) / double(n)));
  };
  stream.fill_uniform(x);
  CHECK(x.minCoeff() > 0);
  CHECK(x.maxCoeff() < 1);
  check(0.5, 1.0 / 12, 1.0 / 80);
  stream.fill_normal(x);
  check(0, 1, 3);
  for (double& number : x.reshaped()) number = stream.exponential();
  check(1, 1, 9);
}

TEST_CASE("integers are uniform on their range") {
  RandomStream stream(3, 0, "test");
  Eigen::ArrayXd counts = Eigen::ArrayXd::Zero(7);
  for (int i = 0; i < 70'000; ++i) {
    const Index drawn = stream.integer(7);
    REQUIRE((drawn >= 0 && drawn < 7));
    counts[drawn] += 1;
  }
  // Chi squared with 6 degrees of freedom: above 30 once in 25,000.
  CHECK(((counts - 10'000).square() / 10'000).sum() < 30);
  CHECK(stream.integer(1) == 0);
}

TEST_CASE("streams of other seeds, replicates, purposes and substreams are unrelated") {
  const Index n = 20'000;
  const RandomStream stream(11, 0, "data");
  const std::vector<RandomStream> all = {
      stream,
      {12, 0, "data"},
      {11, 1, "data"},
      {11, 0, "date"},
      {11, 0, "dat"},
      {11, 0, ""},
      stream.substream(0),
      stream.substream(1),
      stream.substream(1ull << 40),
      stream.substream(1).substream(0),
      stream.substream(0).substream(1),
  };
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      CAPTURE(i, j);
      CHECK(std::abs(correlation(uniforms(all[i], n), uniforms(all[j], n))) <
            5 / std::sqrt(double(n)));
    }
}

TEST_CASE("a substream depends on the key and its index, not on the position") {
  RandomStream stream(11, 0, "data");
  RandomStream before = stream.substream(5);
  stream.uniform();
  RandomStream after = stream.substream(5);
  CHECK(before.bits() == after.bits());
}

TEST_CASE("a shuffle is a permutation, and every order of three is equally likely") {
  RandomStream stream(3, 0, "test");
  std::map<std::vector<Index>, int> counts;
  for (int i = 0; i < 12'000; ++i) {
    std::vector<Index> items = {0, 1, 2};
    stream.shuffle(items);
    ++counts[items];
  }
  REQUIRE(counts.size() == 6);
  double chi_squared = 0;
  for (const auto& [order, count] : counts) {
    CHECK(std::set<Index>(order.begin(), order.end()).size() == 3);
    chi_squared += (count - 2000.0) * (count - 2000.0) / 2000.0;
  }
  CHECK(chi_squared < 30);
}
