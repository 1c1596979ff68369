#include "record/stream_recorder.hpp"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <elbow/error.hpp>
#include <limits>

namespace elbow {
namespace {

constexpr Index most_rows = 16384;                                  // of a block and of a chunk
constexpr std::size_t memory_for_blocks = std::size_t{16} << 20;    // bytes per group
constexpr std::size_t largest_chunk = std::size_t{8} << 20;         // bytes
constexpr std::size_t smallest_compressed = std::size_t{64} << 10;  // bytes of a finished dataset

std::size_t bytes_of(StoredAs type) { return type == StoredAs::boolean ? 1 : 8; }

H5::DataType file_type(StoredAs type) {
  switch (type) {
    case StoredAs::real:
      return H5::PredType::IEEE_F64LE;
    case StoredAs::integer:
      return H5::PredType::STD_I64LE;
    case StoredAs::boolean:
      return H5::PredType::STD_I8LE;
  }
  return H5::PredType::IEEE_F64LE;
}

/// Whether shuffle and deflate make a dataset that starts with these bytes smaller by a quarter or
/// more. Posterior draws with random mantissas do not shrink by that much, and deflating them takes
/// several times as long as writing them.
bool worth_compressing(const void* data, std::size_t bytes, std::size_t element) {
  const std::size_t count = std::min<std::size_t>(bytes, 65536) / element;
  if (count == 0) return false;
  std::vector<unsigned char> shuffled(count * element);
  const auto* source = static_cast<const unsigned char*>(data);
  for (std::size_t byte = 0; byte < element; ++byte)
    for (std::size_t i = 0; i < count; ++i) shuffled[byte * count + i] = source[i * element + byte];
  uLongf size = compressBound(shuffled.size());
  std::vector<unsigned char> deflated(size);
  if (compress2(deflated.data(), &size, shuffled.data(), shuffled.size(), deflate_level) != Z_OK)
    return false;
  return size * 4 <= shuffled.size() * 3;
}

/// Chunks are written whole, so that caching them would only take memory.
const H5::DSetAccPropList& uncached() {
  static const H5::DSetAccPropList properties = [] {
    H5::DSetAccPropList list;
    list.setChunkCache(1, 0, 1);
    return list;
  }();
  return properties;
}

/// One element as stored. @throws Error for a number that the type cannot hold.
std::int64_t to_integer(double value, const std::string& name) {
  if (!(std::abs(value) < 9.2e18))
    throw Error("the variable \"" + name + "\" was declared as integers, got " +
                std::to_string(value));
  return std::llrint(value);
}
std::int8_t to_boolean(double value, const std::string& name) {
  if (std::isnan(value))
    throw Error("the variable \"" + name + "\" was declared as true or false, got nan");
  return value != 0;
}

}  // namespace

StreamRecorder::StreamRecorder(GroupWriter& group, std::vector<StreamedVariable> variables,
                               std::string dimension, std::optional<Index> chains)
    : group_(group), dimension_(std::move(dimension)), has_chains_(chains.has_value()) {
  if (chains.value_or(1) < 1)
    throw Error(group_.name() + ": expected at least 1 chain, got " + std::to_string(*chains));
  if (has_chains_) group_.set_extent("chain", *chains);
  group_.growing_dimension(dimension_);
  for (StreamedVariable& described : variables) {
    const Index size = described.variable.size();
    Column column{std::move(described), row_size_, size, {}, {}, {}, false};
    const Variable& variable = column.described.variable;
    const bool is_coordinate = !has_chains_ && columns_.empty();
    if (!is_coordinate) group_.reserve(variable.name);
    column.c_order = elbow::c_order(variable.shape);
    if (has_chains_) column.dimensions.push_back("chain");
    column.dimensions.push_back(dimension_);
    const std::vector<std::string> event = group_.event_dimensions(variable);
    column.dimensions.insert(column.dimensions.end(), event.begin(), event.end());
    row_size_ += size;
    columns_.push_back(std::move(column));
  }
  const Index count = chains.value_or(1);
  chains_.resize(static_cast<std::size_t>(count));
  const auto limit = static_cast<Index>(memory_for_blocks / sizeof(double));
  const Index row = std::max<Index>(row_size_, 1);
  rows_ = std::clamp<Index>(limit / row / count, 1, most_rows);
  chains_per_block_ = std::clamp<Index>(std::min(most_rows / rows_, limit / row / rows_), 1, count);
  for (Index first = 0; first < count; first += chains_per_block_)
    blocks_.push_back({first, std::min(chains_per_block_, count - first), nullptr});
}

void StreamRecorder::append(Index chain, Draws values) {
  if (chain < 0 || chain >= static_cast<Index>(chains_.size()) || values.rows() != row_size_)
    throw Error(group_.name() + ": expected " + std::to_string(row_size_) +
                " numbers per row for one of " + std::to_string(chains_.size()) + " chains, got " +
                std::to_string(values.rows()) + " for chain " + std::to_string(chain));
  Block& block = blocks_[static_cast<std::size_t>(chain / chains_per_block_)];
  Chain& state = chains_[static_cast<std::size_t>(chain)];
  for (Index done = 0; done < values.cols();) {
    if (room(state) == 0) flush(block);
    if (!block.in_use) {
      const auto size = static_cast<std::size_t>(row_size_ * rows_ * block.count);
      if (live_bytes_ > 0 && live_bytes_ + size * sizeof(double) > memory_for_blocks)
        for (Block& other : blocks_) flush(other);
      if (!block.columns) block.columns = std::make_unique_for_overwrite<double[]>(size);
      block.in_use = true;
      live_bytes_ += size * sizeof(double);
    }
    const Index n = std::min(room(state), values.cols() - done);
    for (const Column& column : columns_)
      take(column, values.middleCols(done, n),
           block.columns.get() + column.offset * rows_ * block.count +
               ((chain - block.first) * rows_ + state.buffered) * column.size);
    state.buffered += n;
    done += n;
  }
  const auto first = chains_.begin() + block.first;
  if (std::all_of(first, first + block.count, [&](const Chain& c) { return room(c) == 0; }))
    flush(block);
}

void StreamRecorder::read_back(Index first, DrawsOut values) const {
  const Chain& state = chains_.front();
  const Index stored = std::clamp<Index>(state.written - first, 0, values.cols());
  std::vector<double> column_values(std::size_t(values.cols()));
  for (const Column& column : columns_) {
    if (stored > 0) {
      const auto offset = static_cast<hsize_t>(first), count = static_cast<hsize_t>(stored);
      const H5::DataSpace space = column.dataset.getSpace();
      space.selectHyperslab(H5S_SELECT_SET, &count, &offset);
      column.dataset.read(column_values.data(), H5::PredType::NATIVE_DOUBLE,
                          H5::DataSpace(1, &count), space);
    }
    const double* const buffered = blocks_.front().columns.get() + column.offset * rows_;
    for (Index r = stored; r < values.cols(); ++r)
      column_values[std::size_t(r)] = buffered[first + r - state.written];
    for (Index r = 0; r < values.cols(); ++r)
      values(column.offset, r) = column_values[std::size_t(r)];
  }
}

void StreamRecorder::flush(Block& block) {
  const auto first = chains_.begin() + block.first;
  const bool in_step = std::all_of(first, first + block.count, [&](const Chain& c) {
    return c.written == first->written && c.buffered == first->buffered;
  });
  const Index together = in_step ? block.count : 1;
  for (Index c = block.first; c < block.first + block.count; c += together) {
    const Chain& state = chains_[static_cast<std::size_t>(c)];
    extent_ = std::max(extent_, state.written + state.buffered);
  }
  for (Index c = block.first; c < block.first + block.count; c += together) {
    const Index rows = chains_[static_cast<std::size_t>(c)].buffered;
    if (rows == 0) continue;
    for (Column& column : columns_) write(column, block, c, together, rows);
  }
  for (auto state = first; state != first + block.count; ++state) {
    state->written += state->buffered;
    state->buffered = 0;
  }
  if (block.in_use)
    live_bytes_ -= static_cast<std::size_t>(row_size_ * rows_ * block.count) * sizeof(double);
  block.in_use = false;
  if (blocks_.size() > 1 && rows_ == 1) block.columns.reset();
}

void StreamRecorder::take(const Column& column, Draws values, double* out) {
  const Index rows = values.cols(), stride = values.outerStride(), size = column.size;
  const double* in = values.data() + column.offset;
  if (!column.c_order.empty()) {
    for (Index r = 0; r < rows; ++r, in += stride, out += size)
      for (Index e = 0; e < size; ++e) out[column.c_order[static_cast<std::size_t>(e)]] = in[e];
  } else if (size == 1) {
    for (Index r = 0; r < rows; ++r) out[r] = in[r * stride];
  } else if (size == stride) {
    std::copy_n(in, rows * size, out);
  } else {
    for (Index r = 0; r < rows; ++r, in += stride, out += size) std::copy_n(in, size, out);
  }
}

const void* StreamRecorder::gather(const Column& column, const Block& block, Index first,
                                   Index count, Index rows) {
  const StoredAs stored_as = column.described.stored_as;
  const double* const values = block.columns.get() + column.offset * rows_ * block.count +
                               (first - block.first) * rows_ * column.size;
  if (stored_as == StoredAs::real && (count == 1 || rows == rows_)) return values;
  const Index per_chain = rows * column.size;
  const std::string& name = column.described.variable.name;
  scratch_.resize(static_cast<std::size_t>(count * per_chain));
  const auto convert = [&](auto* out, const auto& converted) {
    for (Index c = 0; c < count; ++c, out += per_chain)
      std::transform(values + c * rows_ * column.size, values + c * rows_ * column.size + per_chain,
                     out, converted);
  };
  switch (stored_as) {
    case StoredAs::real:
      convert(scratch_.data(), [](double value) { return value; });
      break;
    case StoredAs::integer:
      convert(reinterpret_cast<std::int64_t*>(scratch_.data()),
              [&](double value) { return to_integer(value, name); });
      break;
    case StoredAs::boolean:
      convert(reinterpret_cast<std::int8_t*>(scratch_.data()),
              [&](double value) { return to_boolean(value, name); });
      break;
  }
  return scratch_.data();
}

void StreamRecorder::write(Column& column, const Block& block, Index first, Index count,
                           Index rows) {
  const void* const data = gather(column, block, first, count, rows);
  if (!column.created)
    create(column, data,
           static_cast<std::size_t>(count * rows * column.size) *
               bytes_of(column.described.stored_as));
  std::vector<hsize_t> offset, shape = extents(column.described.variable.shape);
  const Index written = chains_[static_cast<std::size_t>(first)].written;
  shape.insert(shape.begin(), static_cast<hsize_t>(rows));
  offset.push_back(static_cast<hsize_t>(written));
  if (has_chains_) {
    shape.insert(shape.begin(), static_cast<hsize_t>(count));
    offset.insert(offset.begin(), static_cast<hsize_t>(first));
  }
  offset.resize(shape.size(), 0);
  if (std::count(shape.begin(), shape.end(), 0) > 0) return;

  H5::DataSpace space = column.dataset.getSpace();
  std::vector<hsize_t> now(shape.size());
  space.getSimpleExtentDims(now.data());
  const std::size_t axis = has_chains_ ? 1 : 0;
  if (now[axis] < static_cast<hsize_t>(extent_)) {
    now[axis] = static_cast<hsize_t>(extent_);
    column.dataset.extend(now.data());
    space = column.dataset.getSpace();
  }
  space.selectHyperslab(H5S_SELECT_SET, shape.data(), offset.data());
  column.dataset.write(data, file_type(column.described.stored_as),
                       H5::DataSpace(static_cast<int>(shape.size()), shape.data()), space);
}

void StreamRecorder::create(Column& column, const void* sample, std::size_t sample_bytes) {
  const StreamedVariable& described = column.described;
  const std::size_t element = bytes_of(described.stored_as);
  const std::vector<hsize_t> event = extents(described.variable.shape);
  std::vector<hsize_t> shape = event, chunk = event, most = event;
  const auto prepend = [&](Index extent, Index block, hsize_t limit) {
    shape.insert(shape.begin(), static_cast<hsize_t>(extent));
    chunk.insert(chunk.begin(), static_cast<hsize_t>(block));
    most.insert(most.begin(), limit);
  };
  prepend(extent_, complete_ ? std::clamp<Index>(extent_, 1, rows_) : rows_,
          complete_ ? static_cast<hsize_t>(extent_) : H5S_UNLIMITED);
  if (has_chains_) {
    const auto chains = static_cast<Index>(chains_.size());
    prepend(chains, chains_per_block_, static_cast<hsize_t>(chains));
  }

  H5::DSetCreatPropList properties = plain_dataset();
  std::size_t total = element;
  for (hsize_t n : shape) total *= static_cast<std::size_t>(n);
  const bool compress = (!complete_ || total >= smallest_compressed) &&
                        worth_compressing(sample, sample_bytes, element);
  const bool chunked = !complete_ || compress;
  if (chunked) {
    std::size_t chunk_bytes = element;
    for (hsize_t& n : chunk) chunk_bytes *= static_cast<std::size_t>(n = std::max<hsize_t>(n, 1));
    for (std::size_t axis = 0; axis < chunk.size() && chunk_bytes > largest_chunk; ++axis)
      while (chunk[axis] > 1 && chunk_bytes > largest_chunk) {
        chunk_bytes = chunk_bytes / chunk[axis] * ((chunk[axis] + 1) / 2);
        chunk[axis] = (chunk[axis] + 1) / 2;
      }
    properties = chunked_dataset(chunk, compress);
  }
  column.dataset = group_.group().createDataSet(
      described.variable.name, file_type(described.stored_as),
      H5::DataSpace(static_cast<int>(shape.size()), shape.data(), most.data()), properties,
      chunked ? uncached() : H5::DSetAccPropList::DEFAULT);
  describe(column.dataset, described.variable.unit, described.help);
  if (described.stored_as == StoredAs::boolean) write_attribute(column.dataset, "dtype", "bool");
  const bool is_coordinate = !has_chains_ && &column == &columns_.front();
  if (is_coordinate)
    group_.set_scale(dimension_, column.dataset);
  else
    group_.axes(column.dataset, column.dimensions);
  column.created = true;
}

/// Chains that ended early have NaN (integers and booleans: 0) where they have no rows, and the
/// attribute `chain_lengths` says how many they have.
void StreamRecorder::pad() {
  Index longest = 0, shortest = std::numeric_limits<Index>::max();
  std::vector<std::int64_t> lengths;
  for (const Chain& chain : chains_) {
    const Index length = chain.written + chain.buffered;
    lengths.push_back(length);
    longest = std::max(longest, length);
    shortest = std::min(shortest, length);
  }
  if (shortest == longest) return;
  const hsize_t count = lengths.size();
  group_.group()
      .createAttribute("chain_lengths", H5::PredType::STD_I64LE, H5::DataSpace(1, &count))
      .write(H5::PredType::NATIVE_INT64, lengths.data());
  Eigen::VectorXd nothing = Eigen::VectorXd::Zero(row_size_);
  for (const Column& column : columns_)
    if (column.described.stored_as == StoredAs::real)
      nothing.segment(column.offset, column.size)
          .setConstant(std::numeric_limits<double>::quiet_NaN());
  for (std::size_t c = 0; c < lengths.size(); ++c)
    for (Index row = lengths[c]; row < longest;) {
      const Index n = std::min(longest - row, rows_);
      append(static_cast<Index>(c), nothing.replicate(1, n));
      row += n;
    }
}

void StreamRecorder::finish() {
  pad();
  complete_ = true;
  for (const Chain& chain : chains_) extent_ = std::max(extent_, chain.written + chain.buffered);
  for (Block& block : blocks_) flush(block);
  for (Column& column : columns_)
    if (!column.created) create(column, nullptr, 0);
  group_.set_extent(dimension_, extent_);
}

}  // namespace elbow
