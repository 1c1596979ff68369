#include "cell/draw_groups.hpp"

#include <H5Cpp.h>

#include <catch2/catch.hpp>

#include "record/cell_reader.hpp"
#include "support/gaussian_target.hpp"
#include "support/scratch_folder.hpp"

using namespace elbow;

TEST_CASE("a sampler's statistics are stored with their help, and diverging as true or false") {
  const ScratchFolder folder;
  test::GaussianTarget target = test::correlated(0.5);
  {
    CellWriter writer(folder / "a.h5");
    DrawGroups groups(target, 1,
                      {{"energy", "Hamiltonian of the kept state", "nats"},
                       {"diverging", "1 where the path diverged", ""}},
                      "", writer);
    Eigen::MatrixXd statistics(2, 3);
    statistics << 0.5, 1.5, 2.5, 0, 1, 0;
    groups.append(0, Eigen::MatrixXd::Zero(2, 3), statistics);
    writer.commit();
  }
  const H5::H5File file = open_to_read(folder / "a.h5");
  const H5::DataSet diverging = file.openDataSet("sample_stats/diverging");
  CHECK(diverging.getIntType().getSize() == 1);
  CHECK(read_text_attribute(diverging, "dtype") == "bool");
  CHECK(read_text_attribute(diverging, "help") == "1 where the path diverged");
  std::int8_t values[3];
  diverging.read(values, H5::PredType::NATIVE_INT8);
  CHECK(values[0] == 0);
  CHECK(values[1] == 1);
  CHECK(values[2] == 0);
  const H5::DataSet energy = file.openDataSet("sample_stats/energy");
  CHECK(energy.getTypeClass() == H5T_FLOAT);
  CHECK(read_text_attribute(energy, "unit") == "nats");
  CHECK(read_text_attribute(energy, "help") == "Hamiltonian of the kept state");
}
