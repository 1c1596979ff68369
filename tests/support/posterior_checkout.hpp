#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "support/zip_writer.hpp"

namespace elbow::test {

/// A folder with the layout of posteriordb.
class PosteriorCheckout {
 public:
  explicit PosteriorCheckout(const std::filesystem::path& root) : root_(root) {}

  /// @param reference  posteriordb's JSON; empty: there are no reference draws
  void add(const std::string& name, const std::string& model, const std::string& data_name,
           const std::string& dimensions, const std::string& data, const std::string& reference) {
    write("posteriors/" + name + ".json", "{\"name\": \"" + name + "\", \"model_name\": \"" +
                                              model + "\", \"data_name\": \"" + data_name +
                                              "\", \"reference_posterior_name\": " +
                                              (reference.empty() ? "null" : "\"" + name + "\"") +
                                              ", \"dimensions\": " + dimensions + "}");
    write("data/data/" + data_name + ".json.zip", zipped(data_name + ".json", data));
    write("models/stan/" + model + ".stan", "parameters { real mu; }\n");
    if (!reference.empty())
      write("reference_posteriors/draws/draws/" + name + ".json.zip",
            zipped(name + ".json", reference));
  }
  void write(const std::string& file, const std::string& content) const {
    std::filesystem::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file, std::ios::binary) << content;
  }

 private:
  std::filesystem::path root_;
};

}  // namespace elbow::test
