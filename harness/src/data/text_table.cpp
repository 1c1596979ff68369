#include "data/text_table.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <elbow/error.hpp>
#include <functional>
#include <set>
#include <string_view>

#include "data/array_builder.hpp"
#include "data/file_content.hpp"
#include "data/printable.hpp"

namespace elbow {
namespace {

constexpr Index rows_per_block = 64;  // written into the column-major table at a time

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_line_end(char c) { return c == '\n' || c == '\r'; }

struct Field {
  std::string_view text;  ///< without quotes and blanks around it
  const char* start;      ///< in the file, for messages
  bool quoted;
};

/// Walks over the fields of a table's text.
class Reader {
 public:
  Reader(const std::filesystem::path& file, std::string_view text)
      : file_(&file), at_(text.data()), end_(text.data() + text.size()), line_start_(at_) {}

  Index line() const { return line_; }

  [[noreturn]] void fail(const char* where, const std::string& message) const {
    throw Error(file_->string() + ":" + std::to_string(line_) + ":" +
                std::to_string(where - line_start_ + 1) + ": " + message);
  }
  [[noreturn]] void fail_in_line(const std::string& message) const { fail(line_start_, message); }

  /// Goes to the next line with content. @return false at the end of the file
  bool next_line() {
    while (at_ != end_) {
      const char* c = at_;
      while (c != end_ && is_blank(*c)) ++c;
      if (c != end_ && !is_line_end(*c) && *c != '#') return true;
      at_ = std::find(c, end_, '\n');
      end_line();
    }
    return false;
  }

  void choose_separator() {
    bool quoted = false, found[128] = {};
    for (const char* c = at_; c != end_ && (quoted || *c != '\n'); ++c) {
      if (*c == '"') quoted = !quoted;
      if (!quoted && *c > 0) found[static_cast<int>(*c)] = true;
    }
    const auto has = [&](unsigned char c) { return found[c]; };
    separator_ = has(';') ? ';' : has(',') ? ',' : has('\t') ? '\t' : ' ';
    // A table aligned with tabs and blanks: a tab is then no more than a wide blank.
    if (separator_ == '\t' && has(' ') && !has('"')) separator_ = ' ';
  }

  /// The next field of this line. @return false, in the next line, when there is none
  bool next_field(Field& field, bool first) {
    skip_blanks();
    const bool at_end = at_ == end_ || is_line_end(*at_);
    if (at_end && (first || separator_ == ' ' || !separated_)) {
      if (at_ != end_ && *at_ == '\r') ++at_;
      if (at_ != end_ && *at_ != '\n') fail(at_, "expected a line feed after a carriage return");
      end_line();
      return false;
    }
    field.start = at_;
    field.quoted = at_ != end_ && *at_ == '"';
    if (field.quoted)
      quoted_field(field);
    else
      plain_field(field);
    skip_blanks();
    separated_ = at_ != end_ && *at_ == separator_ && separator_ != ' ';
    if (separated_)
      ++at_;
    else if (field.quoted && separator_ != ' ' && at_ != end_ && !is_line_end(*at_))
      fail(at_, std::string("expected \"") + separator_ +
                    "\" or the end of the line after a quoted field");
    return true;
  }

 private:
  void skip_blanks() {
    while (at_ != end_ && is_blank(*at_) && *at_ != separator_) ++at_;
    if (separator_ == ' ')
      while (at_ != end_ && is_blank(*at_)) ++at_;
  }
  void end_line() {
    if (at_ != end_) ++at_;
    line_start_ = at_;
    ++line_;
    separated_ = false;
  }
  void plain_field(Field& field) {
    const char* c = at_;
    while (c != end_ && !is_line_end(*c) && *c != separator_ && !(separator_ == ' ' && *c == '\t'))
      ++c;
    const char* last = c;
    while (last != at_ && is_blank(last[-1])) --last;
    field.text = {at_, static_cast<std::size_t>(last - at_)};
    at_ = c;
  }
  void quoted_field(Field& field) {
    unquoted_.clear();
    for (++at_; at_ != end_; ++at_) {
      if (*at_ == '\n') break;
      if (*at_ == '"') {
        if (at_ + 1 == end_ || at_[1] != '"') break;
        ++at_;
      }
      unquoted_ += *at_;
    }
    if (at_ == end_ || *at_ == '\n') fail(field.start, "the quoted field does not end");
    ++at_;
    field.text = unquoted_;
  }

  const std::filesystem::path* file_;
  const char *at_, *end_, *line_start_;
  Index line_ = 1;
  char separator_ = ' ';
  bool separated_ = false;  ///< the last field was followed by a separator
  std::string unquoted_;
};

bool to_number(std::string_view text, double& value) {
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.empty()) return false;
  // Too large or too small for from_chars: strtod tells which, and rounds what is too small.
  if (code == std::errc::result_out_of_range)
    value = std::strtod(std::string(text).c_str(), nullptr);
  return true;
}

bool is_missing(std::string_view text) {
  static const std::set<std::string_view> names{
      "", "NA", "N/A", "NaN", "nan", "NAN", "null", "NULL", "None", "none", ".", "?", "-", "#N/A"};
  return names.count(text) != 0;
}

std::string shown(std::string_view text) { return '"' + printable(text, 40) + '"'; }

double number(const Reader& reader, const Field& field) {
  double value = 0;
  if (to_number(field.text, value) && std::isfinite(value)) return value;
  reader.fail(field.start, is_missing(field.text)
                               ? "expected a number, got a missing value: " + shown(field.text)
                               : "expected a finite number, got " + shown(field.text));
}

struct FirstLine {
  std::vector<std::string> names;
  std::vector<double> numbers;  ///< empty when the line is a header
};

FirstLine read_first_line(Reader& reader) {
  std::vector<std::string> texts;
  std::vector<bool> numeric;
  bool all_quoted = true, all_missing = true;
  const Reader start = reader;
  Field field;
  for (bool first = true; reader.next_field(field, first); first = false) {
    double value = 0;
    texts.emplace_back(field.text);
    numeric.push_back(to_number(field.text, value) && !is_missing(field.text));
    all_quoted &= field.quoted;
    all_missing &= is_missing(field.text);
  }
  const bool none_numeric = std::none_of(numeric.begin(), numeric.end(), [](bool n) { return n; });
  FirstLine line;
  if (!all_missing && (all_quoted || none_numeric)) {
    std::set<std::string> known;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      line.names.push_back(texts[i].empty() ? std::to_string(i + 1) : texts[i]);
      if (!known.insert(line.names.back()).second)
        start.fail_in_line("two columns have the name " + shown(line.names.back()));
    }
    return line;
  }
  reader = start;
  for (bool first = true; reader.next_field(field, first); first = false) {
    line.numbers.push_back(number(start, field));
    line.names.push_back(std::to_string(line.numbers.size()));
  }
  return line;
}

/// Takes rows of numbers, a few at a time. [rows x columns]
using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using TakeRows = std::function<void(const Eigen::Ref<const Rows>& rows)>;

/// The part of a file's content that is text, without a byte-order mark.
std::string_view text_of(const std::filesystem::path& file, std::string_view text) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    throw Error(file.string() + ": expected text in UTF-8, got UTF-16");
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return text;
}

/// Hands over all rows, one after another. @return the columns' names
std::vector<std::string> read_rows(const std::filesystem::path& file, std::string_view text,
                                   const TakeRows& take) {
  Reader reader(file, text);
  if (!reader.next_line())
    throw Error(file.string() + ": expected a table of numbers, got an empty file");
  reader.choose_separator();
  const Index header_line = reader.line();
  FirstLine first_line = read_first_line(reader);
  const Index columns = static_cast<Index>(first_line.names.size());

  Rows block(rows_per_block, columns);
  Index rows = 0, buffered = 0;
  const auto flush = [&] {
    take(block.topRows(buffered));
    rows += buffered;
    buffered = 0;
  };
  if (!first_line.numbers.empty())
    block.row(buffered++) = Eigen::Map<Eigen::RowVectorXd>(first_line.numbers.data(), columns);
  while (reader.next_line()) {
    const Reader line = reader;
    Field field;
    Index column = 0;
    for (; reader.next_field(field, column == 0); ++column)
      if (column < columns) block(buffered, column) = number(line, field);
    if (column != columns)
      line.fail_in_line("expected " + std::to_string(columns) + " fields as in line " +
                        std::to_string(header_line) + ", got " + std::to_string(column));
    if (++buffered == rows_per_block) flush();
  }
  flush();
  if (rows == 0)
    throw Error(file.string() + ": expected rows of numbers after the header in line " +
                std::to_string(header_line) + ", got none");
  return std::move(first_line.names);
}

}  // namespace

Table read_text_table(const std::filesystem::path& file) {
  return text_table(file, read_content(file));
}

Table text_table(const std::filesystem::path& file, const std::string& content) {
  const std::string_view text = text_of(file, content);
  const Index lines = std::count(text.begin(), text.end(), '\n') + 1;
  Table table;
  Index rows = 0;
  table.columns = read_rows(file, text, [&](const Eigen::Ref<const Rows>& block) {
    if (table.values.size() == 0) table.values.resize(lines, block.cols());
    table.values.middleRows(rows, block.rows()) = block;
    rows += block.rows();
  });
  table.values.conservativeResize(rows, table.values.cols());
  return table;
}

Array text_array(const std::filesystem::path& file, const std::string& content) {
  ArrayBuilder builder(std::vector<std::uint8_t>(), 0);
  Index rows = 0, columns = 0;
  read_rows(file, text_of(file, content), [&](const Eigen::Ref<const Rows>& block) {
    rows += block.rows();
    columns = block.cols();
    builder.append(std::span<const double>(block.data(), std::size_t(block.size())));
  });
  return std::move(builder).array({rows, columns});
}

}  // namespace elbow
