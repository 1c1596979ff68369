#include "poison.hpp"

POISON(poison::StandardNormal, "stripped")
