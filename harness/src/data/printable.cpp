#include "data/printable.hpp"

#include <algorithm>

namespace elbow {
namespace {

void append_escaped(std::string& out, char c) {
  constexpr char digits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 32 && byte != 127)
    out += c;
  else if (c == '\n')
    out += "\\n";
  else if (c == '\t')
    out += "\\t";
  else
    out += {'\\', 'x', digits[byte / 16], digits[byte % 16]};
}

}  // namespace

std::string printable(std::string_view text, std::size_t longest) {
  std::size_t end = std::min(text.size(), longest);
  // Not inside a character of several bytes.
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  std::string out;
  for (const char c : text.substr(0, end)) append_escaped(out, c);
  return end < text.size() ? out + "..." : out;
}

std::string printable_lines(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n')
      out += c;
    else
      append_escaped(out, c);
  }
  return out;
}

}  // namespace elbow
