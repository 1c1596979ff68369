#include "compare/table.hpp"

namespace elbow {

namespace {

/// A printed number or its like in mathematics: a true minus, and powers of ten.
std::string latex_number(const std::string& text) {
  if (text.empty() || text.find_first_of("0123456789") == std::string::npos)
    return latex_escaped(text);
  const std::size_t end = text.find_first_of("* [");
  std::string number = text.substr(0, end);
  if (const std::size_t e = number.find('e'); e != std::string::npos) {
    const int exponent = std::stoi(number.substr(e + 1));
    number = number.substr(0, e) + " \\times 10^{" + std::to_string(exponent) + "}";
  }
  const std::string rest = end == std::string::npos ? "" : text.substr(end);
  return "$" + number + "$" + latex_escaped(rest);
}

}  // namespace

std::string latex_escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\textbackslash{}";
        break;
      case '~':
        out += "\\textasciitilde{}";
        break;
      case '^':
        out += "\\textasciicircum{}";
        break;
      case '<':
        out += "\\textless{}";
        break;
      case '>':
        out += "\\textgreater{}";
        break;
      case '|':
        out += "\\textbar{}";
        break;
      case '"':
        out += "\\textquotedbl{}";
        break;
      case '&':
      case '%':
      case '$':
      case '#':
      case '_':
      case '{':
      case '}':
        out += '\\';
        out += c;
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string latex_tables(const Comparison& comparison) {
  std::string out;
  for (const PrintedTable& table : printed_tables(comparison)) {
    const std::size_t outcome = table.labels + 1;
    out += "% " + latex_escaped(table.title) + "\n\\begin{tabular}{";
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      out += i < table.labels || i == outcome ? 'l' : 'r';
    out += "}\n\\hline\n";
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      out += (i > 0 ? " & " : "") + latex_escaped(table.columns[i]);
    out += " \\\\\n\\hline\n";
    for (const auto& row : table.rows) {
      for (std::size_t i = 0; i < row.size(); ++i)
        out += (i > 0 ? " & " : "") + (i <= outcome ? latex_escaped(row[i]) : latex_number(row[i]));
      out += " \\\\\n";
    }
    out += "\\hline\n\\end{tabular}\n\n";
  }
  for (const std::string& note : printed_notes(comparison))
    out += "% " + latex_escaped(note) + "\n";
  return out;
}

}  // namespace elbow
