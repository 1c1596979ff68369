#include "check/allocations.hpp"

#include <dlfcn.h>

namespace elbow::check {
namespace {

using Counter = unsigned long (*)();

Counter counter() {
  static const Counter found =
      reinterpret_cast<Counter>(::dlsym(RTLD_DEFAULT, "elbow_allocation_count"));
  return found;
}

}  // namespace

bool sanitizer_owns_malloc() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
    __has_feature(thread_sanitizer)
  return true;
#else
  return false;
#endif
#else
  return false;
#endif
}

std::string why_not_counted() {
  if (sanitizer_owns_malloc()) return "not checked: sanitizer";
  return say("not checked: ", allocation_counter, " is not preloaded");
}

std::optional<unsigned long> allocations_of(const std::function<void()>& work) {
  if (!counter()) return {};
  const unsigned long before = counter()();
  work();
  return counter()() - before;
}

Outcome judge_allocations(const std::function<void()>& work, int warm_up, int runs) {
  if (!counter()) return {Verdict::not_applicable, why_not_counted()};
  for (int run = 0; run < warm_up; ++run) work();
  const unsigned long count = *allocations_of([&] {
    for (int run = 0; run < runs; ++run) work();
  });
  return judge(count == 0, count, " allocations in ", runs, " calls");
}

}  // namespace elbow::check
