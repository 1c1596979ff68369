#include "record/counts.hpp"

#include <zlib.h>

#include <algorithm>
#include <map>
#include <new>
#include <numeric>

namespace elbow {
namespace {

/// Above this, the numbers are compressed.
constexpr Index long_dimension = 8192;
/// The values of two bytes, which is what makes chunks alike, see CountChunks.
constexpr Index chunk_size = 65536;

/// Bytes as a part of a deflate stream that any other part may follow.
struct Deflated {
  std::string stream;
  uLong checksum;
  std::size_t size;  ///< of the bytes
};

Deflated deflated(const std::string& bytes) {
  z_stream state{};
  // Under a cell's memory limit zlib may get none, and would leave chunks that nobody can read.
  if (deflateInit2(&state, deflate_level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  std::string stream(deflateBound(&state, bytes.size()) + 16, '\0');
  const auto* const in = reinterpret_cast<const Bytef*>(bytes.data());
  state.next_in = const_cast<Bytef*>(in);
  state.avail_in = static_cast<uInt>(bytes.size());
  state.next_out = reinterpret_cast<Bytef*>(stream.data());
  state.avail_out = static_cast<uInt>(stream.size());
  deflate(&state, Z_FULL_FLUSH);
  stream.resize(state.total_out);
  deflateEnd(&state);
  return {std::move(stream), adler32(1, in, static_cast<uInt>(bytes.size())), bytes.size()};
}

/// Chunks of `chunk_size` successive numbers as HDF5's filters would make them, shuffled and then
/// deflated. Deflating ten million numbers takes as long as writing their draws' 200 MB; but the
/// two lowest bytes run through the same values in every chunk, and the others do not change in it.
class CountChunks {
 public:
  std::string chunk(Index number) {
    std::string stream = "\x78\x01";  // a zlib stream's first bytes
    uLong checksum = 1;
    const auto add = [&](const Deflated& part) {
      stream += part.stream;
      checksum = adler32_combine(checksum, part.checksum, static_cast<z_off_t>(part.size));
    };
    add(low_bytes_);
    for (int byte = 2; byte < 8; ++byte)
      add(constant(static_cast<char>(number * chunk_size >> 8 * byte)));
    stream.append("\x03\x00", 2);  // a last block, empty
    for (int shift = 24; shift >= 0; shift -= 8) stream += static_cast<char>(checksum >> shift);
    return stream;
  }

 private:
  static Deflated low_bytes() {
    std::string bytes;
    for (int byte = 0; byte < 2; ++byte)
      for (Index i = 0; i < chunk_size; ++i) bytes += static_cast<char>(i >> 8 * byte);
    return deflated(bytes);
  }
  const Deflated& constant(char byte) {
    const auto known = constant_.find(byte);
    if (known != constant_.end()) return known->second;
    return constant_.emplace(byte, deflated(std::string(chunk_size, byte))).first->second;
  }

  Deflated low_bytes_ = low_bytes();
  std::map<char, Deflated> constant_;
};

}  // namespace

H5::DataSet write_counts(const H5::Group& group, const std::string& name, Index extent) {
  const auto size = static_cast<hsize_t>(extent);
  const Index chunk = extent < chunk_size ? long_dimension : chunk_size;
  // rhdf5 refuses whole files for the sake of one empty dataset of 64-bit integers.
  const H5::PredType& type = extent == 0 ? H5::PredType::STD_I32LE : H5::PredType::STD_I64LE;
  H5::DataSet set = group.createDataSet(name, type, H5::DataSpace(1, &size),
                                        extent > long_dimension
                                            ? chunked_dataset({static_cast<hsize_t>(chunk)}, true)
                                            : plain_dataset());
  if (extent < chunk_size) {
    std::vector<std::int64_t> counts(static_cast<std::size_t>(extent));
    std::iota(counts.begin(), counts.end(), 0);
    if (extent > 0) set.write(counts.data(), H5::PredType::NATIVE_INT64);
    return set;
  }
  CountChunks chunks;
  for (Index start = 0; start < extent; start += chunk_size) {
    const std::string bytes = chunks.chunk(start / chunk_size);
    const auto offset = static_cast<hsize_t>(start);
    if (H5Dwrite_chunk(set.getId(), H5P_DEFAULT, 0, &offset, bytes.size(), bytes.data()) < 0)
      throw H5::DataSetIException("H5Dwrite_chunk", "failed for \"" + name + "\"");
  }
  return set;
}

}  // namespace elbow
