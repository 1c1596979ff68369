#include <algorithm>

#include "compare/table.hpp"

namespace elbow {

namespace {

/// Labels and outcomes longer than this continue on the next line.
constexpr std::size_t widest_labels = 64;  // of all label columns together
constexpr std::size_t widest_outcome = 28;
constexpr std::size_t most_notes = 40;
constexpr std::size_t gap = 2;

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Characters of a UTF-8 text.
std::size_t width_of(const std::string& text) {
  return std::size_t(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues_character(c); }));
}

/// Names come from files: nothing in them may move the cursor.
std::string printable(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return text;
}

/// Lines of at most `width` characters, broken behind a comma, a blank, a parenthesis or an equals
/// sign where there is one in the second half of the line.
std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  while (width_of(text.substr(begin)) > width) {
    std::size_t end = begin;
    for (std::size_t characters = 0; characters < width; ++characters) do
        ++end;
      while (end < text.size() && continues_character(text[end]));
    for (std::size_t i = end; i > begin + (end - begin) / 2; --i)
      if (std::string(" ,(=").find(text[i - 1]) != std::string::npos) {
        end = i;
        break;
      }
    lines.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  lines.push_back(text.substr(begin));
  for (std::string& line : lines) {
    line.erase(0, std::min(line.find_first_not_of(' '), line.size()));
    line.erase(line.find_last_not_of(' ') + 1);
  }
  return lines;
}

/// One column, every cell broken into lines.
struct Column {
  std::vector<std::vector<std::string>> cells;  ///< the header first
  std::size_t width = 0;
  bool left_aligned = false;
};

Column make_column(const PrintedTable& table, std::size_t index) {
  Column column;
  const bool outcome = index == table.labels + 1;
  column.left_aligned = index < table.labels || outcome;
  const std::size_t widest = outcome ? widest_outcome : widest_labels / table.labels;
  column.cells.push_back(wrapped(printable(table.columns[index]), widest));
  for (const auto& row : table.rows) column.cells.push_back(wrapped(printable(row[index]), widest));
  for (const auto& cell : column.cells)
    for (const std::string& line : cell) column.width = std::max(column.width, width_of(line));
  return column;
}

void print_block(const std::vector<const Column*>& columns, std::string& out) {
  const std::size_t rows = columns[0]->cells.size();
  for (std::size_t row = 0; row < rows; ++row) {
    std::size_t height = 0;
    for (const Column* column : columns) height = std::max(height, column->cells[row].size());
    for (std::size_t i = 0; i < height; ++i) {
      std::string line;
      for (const Column* column : columns) {
        const auto& cell = column->cells[row];
        const std::string text = i < cell.size() ? cell[i] : "";
        const std::size_t padding = column->width - width_of(text);
        if (column != columns[0]) line.append(gap, ' ');
        if (!column->left_aligned) line.append(padding, ' ');
        line += text;
        if (column->left_aligned) line.append(padding, ' ');
      }
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + '\n';
    }
    if (row == 0) {
      std::size_t total = 0;
      for (const Column* column : columns) total += column->width + gap;
      out += std::string(total - gap, '-') + '\n';
    }
  }
}

void print_table(const PrintedTable& table, std::size_t width, std::string& out) {
  out += printable(table.title) + "\n\n";
  std::vector<Column> columns;
  for (std::size_t i = 0; i < table.columns.size(); ++i) columns.push_back(make_column(table, i));
  std::size_t label_width = 0;
  std::vector<const Column*> labels;
  for (std::size_t i = 0; i < table.labels; ++i) {
    labels.push_back(&columns[i]);
    label_width += columns[i].width + gap;
  }
  // Every block begins with the labels and has at least one more column.
  std::vector<const Column*> block = labels;
  std::size_t used = label_width;
  for (std::size_t i = table.labels; i < columns.size(); ++i) {
    if (block.size() > labels.size() && used + columns[i].width > width) {
      print_block(block, out);
      out += '\n';
      block = labels;
      used = label_width;
    }
    block.push_back(&columns[i]);
    used += columns[i].width + gap;
  }
  print_block(block, out);
}

}  // namespace

std::string text_tables(const Comparison& comparison, std::size_t width) {
  std::string out;
  for (const PrintedTable& table : printed_tables(comparison)) {
    print_table(table, width, out);
    out += '\n';
  }
  const std::vector<std::string> notes = printed_notes(comparison);
  for (std::size_t i = 0; i < std::min(notes.size(), most_notes); ++i) {
    bool first = true;
    for (const std::string& line : wrapped(printable(notes[i]), width - 2)) {
      out.append(first ? "" : "  ").append(line).append("\n");
      first = false;
    }
  }
  if (notes.size() > most_notes)
    out += "... and " + std::to_string(notes.size() - most_notes) +
           " more notes, all of them with --format json\n";
  return out;
}

}  // namespace elbow
