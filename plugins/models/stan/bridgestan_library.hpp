#pragma once

#include <dlfcn.h>

#include <elbow/error.hpp>
#include <memory>
#include <string>

namespace elbow {

/// The C interface of a library that BridgeStan 2 made from a Stan program, as its documentation
/// describes it. The functions are the same in all versions 2.x.
struct BridgeStanLibrary {
  struct Program;
  struct Numbers;  ///< a generator of random numbers
  using Print = void (*)(const char* text, std::size_t size);

  int major = 0, minor = 0, patch = 0;
  Program* (*construct)(const char* data, unsigned seed, char** error) = nullptr;
  void (*destruct)(Program*) = nullptr;
  void (*free_error)(char*) = nullptr;
  const char* (*parameter_names)(const Program*, bool transformed, bool generated) = nullptr;
  int (*parameter_count)(const Program*, bool transformed, bool generated) = nullptr;
  int (*dimension)(const Program*) = nullptr;
  int (*constrain)(const Program*, bool transformed, bool generated, const double* z, double* x,
                   Numbers*, char** error) = nullptr;
  int (*log_density)(const Program*, bool drop_constants, bool jacobian, const double* z,
                     double* log_p, char** error) = nullptr;
  int (*log_density_gradient)(const Program*, bool drop_constants, bool jacobian, const double* z,
                              double* log_p, double* gradient, char** error) = nullptr;
  Numbers* (*numbers_construct)(unsigned seed, char** error) = nullptr;
  void (*numbers_destruct)(Numbers*) = nullptr;
  int (*set_print)(Print, char** error) = nullptr;

  /// Maps a library. It stays mapped until the process ends.
  /// @throws Error naming the file: it cannot be mapped, it is no library of BridgeStan, it is of
  /// another version, or it lacks a function.
  explicit BridgeStanLibrary(const std::string& file) : file_(file) {
    handle_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle_) {
      const std::string reason = dlerror();
      throw Error((reason.find(file) == std::string::npos ? file + ": " : "") + reason +
                  " (expected a shared library that BridgeStan made on this kind of machine)");
    }
    read_version();
    find(construct, "bs_model_construct");
    find(destruct, "bs_model_destruct");
    find(free_error, "bs_free_error_msg");
    find(parameter_names, "bs_param_names");
    find(parameter_count, "bs_param_num");
    find(dimension, "bs_param_unc_num");
    find(constrain, "bs_param_constrain");
    find(log_density, "bs_log_density");
    find(log_density_gradient, "bs_log_density_gradient");
    find(numbers_construct, "bs_rng_construct");
    find(numbers_destruct, "bs_rng_destruct");
    find(set_print, "bs_set_print_callback");
  }

  /// Takes an error's text over from the library; without one, says so.
  std::string take(char* error) const {
    if (!error) return "no reason is given";
    std::string text = error;
    free_error(error);
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text;
  }

 private:
  void read_version() {
    const auto number = [&](const char* symbol) {
      return static_cast<const int*>(dlsym(handle_, symbol));
    };
    const int* found = number("bs_major_version");
    if (!found)
      throw Error(file_ + ": is no library of BridgeStan 2, for it has no symbol bs_major_version" +
                  (dlsym(handle_, "bs_construct") || dlsym(handle_, "bs_model_construct")
                       ? "; BridgeStan 1 made it, make it again with BridgeStan 2"
                       : ""));
    major = *found;
    if ((found = number("bs_minor_version"))) minor = *found;
    if ((found = number("bs_patch_version"))) patch = *found;
    if (major != 2)
      throw Error(file_ + ": was made by BridgeStan " + version() + ", expected version 2");
  }

  std::string version() const {
    return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
  }

  template <class Function>
  void find(Function& function, const char* symbol) const {
    function = reinterpret_cast<Function>(dlsym(handle_, symbol));
    if (!function)
      throw Error(file_ + ": has no function " + symbol + ", which a library of BridgeStan " +
                  version() + " must have");
  }

  std::string file_;
  void* handle_ = nullptr;
};

}  // namespace elbow
