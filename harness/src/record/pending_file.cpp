#include "record/pending_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "data/temporary_file.hpp"
#include "record/cell_writer.hpp"

namespace elbow {
namespace {

/// Most cells are smaller than this and are written with one system call.
constexpr std::size_t memory_limit = std::size_t{1} << 20;

/// So many bytes are written before the system is asked to bring them to the disk.
constexpr std::size_t send_limit = std::size_t{32} << 20;

/// What HDF5 holds of an open file: its own fields, then ours.
struct OpenFile {
  H5FD_t common;
  PendingFile* file;
};
struct DriverInfo {
  PendingFile* file;
};

PendingFile& file_of(H5FD_t* open) { return *reinterpret_cast<OpenFile*>(open)->file; }
const PendingFile& file_of(const H5FD_t* open) {
  return *reinterpret_cast<const OpenFile*>(open)->file;
}

H5FD_t* driver_open(const char*, unsigned flags, hid_t access, haddr_t) {
  const auto* info = static_cast<const DriverInfo*>(H5Pget_driver_info(access));
  if (info == nullptr) return nullptr;
  auto* open = new (std::nothrow) OpenFile{{}, info->file};
  if (open != nullptr && (flags & H5F_ACC_TRUNC)) info->file->restart();
  return reinterpret_cast<H5FD_t*>(open);
}
herr_t driver_close(H5FD_t* open) {
  delete reinterpret_cast<OpenFile*>(open);
  return 0;
}
int driver_compare(const H5FD_t* a, const H5FD_t* b) {
  const auto *first = &file_of(a), *second = &file_of(b);
  return std::less<>{}(first, second) ? -1 : std::less<>{}(second, first) ? 1 : 0;
}
herr_t driver_query(const H5FD_t*, unsigned long* flags) {
  if (flags != nullptr)
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}
haddr_t driver_allocated(const H5FD_t* open, H5FD_mem_t) { return file_of(open).allocated; }
herr_t driver_allocate(H5FD_t* open, H5FD_mem_t, haddr_t end) {
  file_of(open).allocated = end;
  return 0;
}
haddr_t driver_size(const H5FD_t* open, H5FD_mem_t) { return file_of(open).size(); }
herr_t driver_read(H5FD_t* open, H5FD_mem_t, hid_t, haddr_t offset, std::size_t size, void* out) {
  file_of(open).read(offset, size, static_cast<char*>(out));
  return 0;
}
herr_t driver_write(H5FD_t* open, H5FD_mem_t kind, hid_t, haddr_t offset, std::size_t size,
                    const void* bytes) {
  file_of(open).write(offset, {static_cast<const char*>(bytes), size}, kind != H5FD_MEM_DRAW);
  return 0;
}
herr_t driver_truncate(H5FD_t* open, hid_t, hbool_t) {
  file_of(open).truncate(file_of(open).allocated);
  return 0;
}

hid_t driver() {
  static const hid_t id = [] {
    H5FD_class_t description{};
    description.name = "elbow_pending_file";
    description.maxaddr = static_cast<haddr_t>(-1) / 2;
    description.fc_degree = H5F_CLOSE_WEAK;
    description.fapl_size = sizeof(DriverInfo);
    description.open = driver_open;
    description.close = driver_close;
    description.cmp = driver_compare;
    description.query = driver_query;
    description.get_eoa = driver_allocated;
    description.set_eoa = driver_allocate;
    description.get_eof = driver_size;
    description.read = driver_read;
    description.write = driver_write;
    description.truncate = driver_truncate;
    const H5FD_mem_t kinds[] = H5FD_FLMAP_DICHOTOMY;
    std::copy(std::begin(kinds), std::end(kinds), description.fl_map);
    return H5FDregister(&description);
  }();
  return id;
}

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

}  // namespace

PendingFile::PendingFile(std::filesystem::path final_path) : final_path_(std::move(final_path)) {
  const std::filesystem::path folder = folder_of(final_path_);
  std::error_code reason;
  std::filesystem::create_directories(folder, reason);
  if (reason) fail(reason.value());
  if (std::filesystem::is_directory(final_path_)) fail(EISDIR);
  temporary_ = temporary_beside(final_path_);
  descriptor_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(errno);
}

PendingFile::~PendingFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!published_) ::unlink(temporary_.c_str());
}

H5::FileAccPropList PendingFile::access() {
  H5::FileAccPropList list;
  const DriverInfo info{this};
  list.setDriver(driver(), &info);
  return list;
}

void PendingFile::check() const {
  if (error_ != 0) fail(error_);
}

void PendingFile::fail(const H5::Exception& exception) const {
  check();  // HDF5's own text says less than the system's
  throw RecordError(final_path_.string() + ": cannot be written: HDF5 says " +
                    exception.getFuncName() + ": " + exception.getDetailMsg());
}

void PendingFile::fail(int error) const {
  if (error == ENOMEM) throw std::bad_alloc();  // the cell's memory limit, no fault of the storage
  throw RecordError(final_path_.string() + ": cannot be written: " + std::strerror(error));
}

void PendingFile::restart() {
  image_.clear();
  size_ = 0;
  allocated = 0;
}

void PendingFile::read(std::size_t offset, std::size_t size, char* bytes) {
  std::memset(bytes, 0, size);
  const std::size_t there = offset < size_ ? std::min(size, size_ - offset) : 0;
  if (in_memory_) {
    if (there > 0) std::memcpy(bytes, image_.data() + offset, there);
  } else {
    for (std::size_t done = 0; done < there;) {
      const ssize_t n =
          ::pread(descriptor_, bytes + done, there - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) error_ = errno;
      if (n <= 0) break;
      done += static_cast<std::size_t>(n);
    }
  }
  for (const Kept& kept : kept_) {
    const std::size_t from = std::max(offset, kept.offset);
    const std::size_t to = std::min(offset + size, kept.offset + kept.bytes.size());
    if (from < to)
      std::memcpy(bytes + (from - offset), kept.bytes.data() + (from - kept.offset), to - from);
  }
}

void PendingFile::write(std::size_t offset, std::string_view bytes, bool metadata) {
  try {  // no exception may pass through HDF5's C code
    if (in_memory_ && error_ == 0 && !abandoned_ && offset + bytes.size() > memory_limit) spill();
    if (error_ != 0 || abandoned_) {
      if (metadata) kept_.push_back({offset, std::string(bytes)});
    } else if (in_memory_) {
      if (offset + bytes.size() > image_.size()) image_.resize(offset + bytes.size());
      std::copy(bytes.begin(), bytes.end(), image_.begin() + static_cast<std::ptrdiff_t>(offset));
      size_ = image_.size();
    } else if (!write_out(offset, bytes) && metadata) {
      kept_.push_back({offset, std::string(bytes)});
    }
  } catch (const std::bad_alloc&) {
    error_ = ENOMEM;
  }
}

bool PendingFile::write_out(std::size_t offset, std::string_view bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::pwrite(descriptor_, bytes.data() + done, bytes.size() - done,
                               static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      error_ = n < 0 ? errno : ENOSPC;
      return false;
    }
    done += static_cast<std::size_t>(n);
  }
  size_ = std::max(size_, offset + bytes.size());
  unsent_ += bytes.size();
  if (unsent_ >= send_limit) {
    // Lets the disk work while the next draws are made; only a hint, fsync reports what fails.
    ::sync_file_range(descriptor_, 0, 0, SYNC_FILE_RANGE_WRITE);
    unsent_ = 0;
  }
  return true;
}

void PendingFile::spill() {
  // When the system refuses the image, it stays in memory for HDF5 to read.
  if (!write_out(0, {image_.data(), image_.size()})) return;
  in_memory_ = false;
  image_ = {};
}

void PendingFile::truncate(std::size_t size) {
  if (error_ != 0 || abandoned_) return;
  if (in_memory_ && size > memory_limit) spill();
  if (error_ != 0) return;
  try {
    if (in_memory_)
      image_.resize(size);
    else if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0)
      error_ = errno;
    size_ = size;
  } catch (const std::bad_alloc&) {
    error_ = ENOMEM;
  }
}

void PendingFile::publish() {
  check();
  if (in_memory_) spill();
  check();
  // A file system may report a refused write as late as here.
  if (::fsync(descriptor_) != 0) fail(errno);
  const int descriptor = descriptor_;
  descriptor_ = -1;
  if (::close(descriptor) != 0) fail(errno);
  if (::rename(temporary_.c_str(), final_path_.c_str()) != 0) fail(errno);
  published_ = true;
}

}  // namespace elbow
