#include <elbow/elbow.hpp>

// A library that is no plugin: it exports something else.
extern "C" __attribute__((visibility("default"))) int answer() { return 42; }
