#include <elbow/plugin.hpp>

#include "unit/plugins/poison.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Contains;
using Catch::StartsWith;

namespace {

std::string both(const std::string& expected, const std::string& found) {
  return "expected " + expected + ", found " + found;
}

}  // namespace

TEST_CASE("a plugin of a newer ABI is refused with both numbers") {
  CHECK_THAT(refusal_of("newer_abi"),
             StartsWith("plugin ABI: " + both(std::to_string(ELBOW_ABI), "999")));
}

TEST_CASE("a plugin of an older ABI is refused with both numbers") {
  CHECK_THAT(refusal_of("older_abi"),
             StartsWith("plugin ABI: " + both(std::to_string(ELBOW_ABI), "0")));
}

TEST_CASE("a descriptor of another size is refused with both sizes") {
  const std::size_t size = sizeof(Descriptor);
  CHECK_THAT(refusal_of("descriptor_size"),
             Contains(both(std::to_string(size) + " bytes", std::to_string(size + 8) + " bytes")));
}

TEST_CASE("a plugin of another compiler is refused with both ABI versions") {
  CHECK_THAT(refusal_of("other_compiler"),
             Contains("__GXX_ABI_VERSION): " + both(std::to_string(__GXX_ABI_VERSION), "1002")));
}

TEST_CASE("a plugin with another Eigen alignment is refused with both alignments") {
  CHECK_THAT(refusal_of("other_alignment"),
             Contains("Eigen alignment in bytes (set by -march): " +
                      both(std::to_string(EIGEN_MAX_ALIGN_BYTES),
                           EIGEN_MAX_ALIGN_BYTES == 16 ? "64" : "16")));
}

TEST_CASE("a plugin built against other headers is refused with both hashes") {
  const std::string own = ELBOW_SDK_HASH;
  const std::string other = (own[0] == '0' ? '1' : '0') + own.substr(1);
  CHECK_THAT(refusal_of("other_sdk"), Contains("SDK headers: " + both(own, other)));
}

TEST_CASE("all differences of a build tag are named at once") {
  const std::string reason = refusal_of("two_differences");
  CHECK_THAT(reason, Contains("(_GLIBCXX_DEBUG): " + both("0", "1")));
  CHECK_THAT(reason, Contains("Eigen version: " + both("30400", "30399")));
}

TEST_CASE("a plugin whose name is not its file's is refused with both names") {
  CHECK_THAT(refusal_of("other_name"),
             StartsWith("name: expected \"other_name\" (from the file), found \"somebody_else\""));
}

TEST_CASE("a plugin in the folder of another kind is refused with both kinds") {
  CHECK_THAT(refusal_of("other_kind"),
             StartsWith("kind: expected model (from the folder), found sampler"));
}

TEST_CASE("a plugin without a factory is refused") {
  CHECK_THAT(refusal_of("no_factory"), StartsWith("expected a factory for a model, found none"));
}

TEST_CASE("a library without the descriptor's symbol is refused, naming the symbol") {
  const std::string symbol = ELBOW_SYMBOL_PREFIX + std::to_string(ELBOW_ABI);
  CHECK_THAT(refusal_of("no_symbol"), StartsWith("expected the symbol " + symbol));
  CHECK_THAT(refusal_of("stripped"), Contains("stripped of its symbols"));
}

TEST_CASE("an option whose default is outside its bounds is refused with both") {
  CHECK_THAT(
      refusal_of("default_out_of_bounds"),
      StartsWith("declared option \"scale\": the default -1 is outside the bounds (0, inf]"));
}

TEST_CASE("an option that is declared twice is refused") {
  CHECK_THAT(refusal_of("option_twice"), StartsWith("declared option \"scale\": declared twice"));
}
