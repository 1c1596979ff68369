/* Preloaded, this library counts how often a program asks the C library for memory. C++'s operator
   new and Eigen's aligned allocation come here too, through malloc. glibc only: the __libc_ names
   are its own entry points, so that no look-up is needed while the first allocation is made. */

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* old, size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);

static atomic_ulong count;

static void note(void) { atomic_fetch_add_explicit(&count, 1, memory_order_relaxed); }

#define EXPORT __attribute__((visibility("default")))

EXPORT unsigned long elbow_allocation_count(void) {
  return atomic_load_explicit(&count, memory_order_relaxed);
}

EXPORT void* malloc(size_t size) {
  note();
  return __libc_malloc(size);
}

EXPORT void* calloc(size_t number, size_t size) {
  note();
  return __libc_calloc(number, size);
}

EXPORT void* realloc(void* old, size_t size) {
  note();
  return __libc_realloc(old, size);
}

EXPORT void* memalign(size_t alignment, size_t size) {
  note();
  return __libc_memalign(alignment, size);
}

EXPORT void* aligned_alloc(size_t alignment, size_t size) {
  note();
  return __libc_memalign(alignment, size);
}

EXPORT int posix_memalign(void** out, size_t alignment, size_t size) {
  note();
  void* block = __libc_memalign(alignment, size);
  if (!block) return ENOMEM;
  *out = block;
  return 0;
}
