#pragma once

#include <cstring>
#include <elbow/error.hpp>
#include <elbow/state_archive.hpp>
#include <string>

namespace elbow::check {

/// What an object's `state` saves, kept in memory.
class KeptState {
 public:
  /// @return false where the object does not save its state
  template <class T>
  bool save(T& object) {
    Writer writer;
    if (!exchange(object, writer)) return false;
    bytes_ = std::move(writer.saved);
    return true;
  }
  /// @throws Error when the object does not take back as many bytes as were saved.
  template <class T>
  void restore(T& object) const {
    Reader reader(bytes_);
    if (!exchange(object, reader)) throw Error("state() returns true first and false later");
    if (reader.taken != bytes_.size())
      throw Error("state() takes back " + std::to_string(reader.taken) + " bytes of the " +
                  std::to_string(bytes_.size()) + " that it saved");
  }
  std::size_t size() const { return bytes_.size(); }

 private:
  template <class T>
  static bool exchange(T& object, StateArchive& archive) {
    if constexpr (std::is_void_v<decltype(object.state(archive))>)
      return object.state(archive), true;
    else
      return object.state(archive);
  }

  struct Writer final : StateArchive {
    void bytes(void* data, std::size_t size) override {
      saved.append(static_cast<const char*>(data), size);
    }
    bool restoring() const override { return false; }
    std::string saved;
  };
  struct Reader final : StateArchive {
    explicit Reader(const std::string& all) : saved(all) {}
    void bytes(void* data, std::size_t size) override {
      if (size > saved.size() - taken)
        throw Error("state() takes back more than the " + std::to_string(saved.size()) +
                    " bytes that it saved");
      if (size > 0) std::memcpy(data, saved.data() + taken, size);
      taken += size;
    }
    bool restoring() const override { return true; }
    const std::string& saved;
    std::size_t taken = 0;
  };

  std::string bytes_;
};

}  // namespace elbow::check
