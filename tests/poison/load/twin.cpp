#include "poison.hpp"

POISON(poison::StandardNormal, "twin")
