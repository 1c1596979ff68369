#pragma once

#include <sys/types.h>

#include <atomic>
#include <elbow/types.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "record/outcome.hpp"

namespace elbow {

/// What a chain's process has collected and not sent yet, in memory that both processes see, so
/// that it is not lost when the process dies.
struct HeldBack {
  static constexpr std::size_t capacity = 1 << 16;

  std::atomic<bool> is_sending;  ///< then it is unknown how much of it is on its way
  std::size_t size;
  char bytes[capacity];
};

/// The child's end of a ChainProcess: rows are collected and sent in blocks, but none is held back
/// for long while there are more.
class RowSender {
 public:
  RowSender(int pipe, HeldBack& held) : pipe_(pipe), held_(held) {}
  void send(Vector row);
  /// What is still held back.
  void flush();
  /// How the work ended before its time, after which nothing is sent.
  void send_end(const Outcome& outcome);

 private:
  void append(const void* bytes, std::size_t count);
  void write_all(const char* bytes, std::size_t count);

  int pipe_;
  HeldBack& held_;
  double sent_seconds_ = 0;
};

/// Work in a forked process that sends rows of numbers, all of one length. The process has this
/// one's memory as it is at the start, and its limits, and does not outlive it. What it prints is
/// printed by this process at its end. To be started while this process has one thread only.
class ChainProcess {
 public:
  /// @param work  sends rows; what it throws becomes the end: `skipped` for Unsupported,
  ///              `out_of_memory` for std::bad_alloc, `failed` with the text for the others
  /// @throws Error when the system refuses a process or a pipe
  ChainProcess(const std::function<void(RowSender&)>& work, Index row_size);
  /// Kills the process if it still runs.
  ~ChainProcess();
  ChainProcess(ChainProcess&& other) noexcept;
  ChainProcess(const ChainProcess&) = delete;

  /// Ends the process; what it had come to can still be taken.
  void kill();

  enum class Next { row, end, stopped };
  /// Waits for the next row.
  /// @param[out] row      [row_size]
  /// @param      stopped  asked now and then while there is none; true ends the waiting
  Next next(VectorOut row, const std::function<bool()>& stopped);
  /// After `Next::end`: why there are no more rows; `crashed` with the signal when the process
  /// died.
  Outcome end();

 private:
  /// Waits until `bytes` have been received. @return false at the end of the pipe
  std::optional<bool> receive(std::size_t bytes, const std::function<bool()>& stopped);

  /// At the end of the pipe: takes what the process had held back. @return whether there was any
  bool take_held_back();
  /// Prints what the process has printed. @return its last lines, as the end of a reason
  std::string pass_output_on();

  pid_t pid_ = -1;
  int pipe_ = -1, output_ = -1;
  HeldBack* held_ = nullptr;
  std::size_t row_bytes_;
  std::vector<char> received_;
  std::size_t begin_ = 0, end_ = 0;  ///< of what is not taken yet in received_
  std::optional<Outcome> sent_end_;
};

}  // namespace elbow
