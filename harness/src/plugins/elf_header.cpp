#include "plugins/elf_header.hpp"

#include <elf.h>

#include <cerrno>
#include <cstring>
#include <elbow/error.hpp>
#include <fstream>

namespace elbow {
namespace {

namespace fs = std::filesystem;

std::string machine_name(unsigned machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_386:
      return "x86 (32 bits)";
    case EM_AARCH64:
      return "ARM (64 bits)";
    case EM_ARM:
      return "ARM (32 bits)";
    case EM_PPC64:
      return "PowerPC (64 bits)";
    case EM_RISCV:
      return "RISC-V";
    default:
      return "ELF machine " + std::to_string(machine);
  }
}

/// The first bytes of a file; shorter files leave zeros. 64-bit layout, in which `e_ident`,
/// `e_type` and `e_machine` lie where they do in the 32-bit one.
Elf64_Ehdr read_header(const fs::path& file, const std::string& where) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw Error(where + "cannot be read: " + std::strerror(errno));
  Elf64_Ehdr header{};
  stream.read(reinterpret_cast<char*>(&header), sizeof header);
  return header;
}

}  // namespace

void check_elf_library(const fs::path& file) {
  const std::string where = file.string() + ": ";
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (!fs::exists(status))
    throw Error(where + "expected a plugin library, there is no such file" +
                (fs::is_symlink(fs::symlink_status(file, error))
                     ? " (a link to \"" + fs::read_symlink(file).string() + "\")"
                     : ""));
  if (!fs::is_regular_file(status))
    throw Error(where + "expected a plugin library, this is a " +
                (fs::is_directory(status) ? "folder" : "special file"));

  const Elf64_Ehdr header = read_header(file, where);
  const std::uintmax_t size = fs::file_size(file);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    throw Error(where + "expected an ELF shared library, this is not an ELF file (" +
                std::to_string(size) + " bytes)");
  if (size < sizeof header)
    throw Error(where + "expected an ELF shared library, the file ends inside its header, after " +
                std::to_string(size) + " bytes");

  const Elf64_Ehdr own = read_header("/proc/self/exe", "this program: ");
  if (header.e_machine != own.e_machine || header.e_ident[EI_CLASS] != own.e_ident[EI_CLASS] ||
      header.e_ident[EI_DATA] != own.e_ident[EI_DATA])
    throw Error(where + "expected a library for " + machine_name(own.e_machine) + ", this is for " +
                machine_name(header.e_machine));
  if (header.e_type != ET_DYN)
    throw Error(where + "expected an ELF shared library, this is an ELF file of type " +
                std::to_string(header.e_type));
  const std::uintmax_t complete =
      header.e_shoff + std::uintmax_t(header.e_shnum) * header.e_shentsize;
  if (size < complete)
    throw Error(where + "the file is truncated: expected at least " + std::to_string(complete) +
                " bytes, found " + std::to_string(size));
}

}  // namespace elbow
