#include "data/digest.hpp"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <elbow/error.hpp>
#include <memory>
#include <vector>

namespace elbow {
namespace {

/// Found among OpenSSL's providers once: the search takes longer than the digest of a short text.
const EVP_MD* sha256() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    if (!context_ || !sha256() || EVP_DigestInit_ex(context_.get(), sha256(), nullptr) != 1)
      throw Error("OpenSSL offers no SHA-256");
  }

  void add(const void* data, std::size_t size) {
    if (EVP_DigestUpdate(context_.get(), data, size) != 1) throw Error("OpenSSL's SHA-256 failed");
  }

  std::string hexadecimal() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
    unsigned size = 0;
    if (EVP_DigestFinal_ex(context_.get(), bytes.data(), &size) != 1)
      throw Error("OpenSSL's SHA-256 failed");
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(2 * size);
    for (unsigned i = 0; i < size; ++i) {
      text += digits[bytes[i] >> 4];
      text += digits[bytes[i] & 15];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string sha256_of_text(std::string_view text) {
  Sha256 sha;
  sha.add(text.data(), text.size());
  return sha.hexadecimal();
}

std::string sha256_of_file(const std::filesystem::path& file) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "rb"),
                                                               std::fclose);
  if (!stream) throw Error(file.string() + ": cannot be opened: " + std::strerror(errno));
  Sha256 sha;
  std::vector<char> block(1 << 20);
  while (const std::size_t size = std::fread(block.data(), 1, block.size(), stream.get()))
    sha.add(block.data(), size);
  if (std::ferror(stream.get()))
    throw Error(file.string() + ": cannot be read: " + std::strerror(errno));
  return sha.hexadecimal();
}

}  // namespace elbow
