#pragma once

#include <algorithm>
#include <cstdio>
#include <string>

namespace elbow {

/// What the Stan programs of this process have printed. It goes to the standard error, which is the
/// log of a cell, up to a limit: a `print` in the model block is executed at every evaluation.
struct PrintedText {
  static constexpr std::size_t most_shown = 64'000, most_kept = 400;

  std::size_t bytes = 0;
  std::string last;  ///< its end

  void add(const char* text, std::size_t size) {
    if (bytes < most_shown) {
      std::fwrite(text, 1, std::min(size, most_shown - bytes), stderr);
      if (bytes + size >= most_shown)
        std::fputs("\n(the Stan program prints more than 64 kB; the rest is not shown)\n", stderr);
      std::fflush(stderr);
    }
    bytes += size;
    last.append(text, size);
    if (last.size() > most_kept) last.erase(0, last.size() - most_kept);
  }
};

inline PrintedText& printed_text() {
  static PrintedText text;
  return text;
}

/// The callback that a library is given.
inline void print_for_program(const char* text, std::size_t size) {
  printed_text().add(text, size);
}

/// "; it last printed: ...", or nothing.
inline std::string last_printed() {
  std::string text = printed_text().last;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text.empty() ? text : "; it last printed: " + text;
}

}  // namespace elbow
