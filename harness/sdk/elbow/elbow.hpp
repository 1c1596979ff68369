#pragma once

/// All that a plugin needs: `#include <elbow/elbow.hpp>`.

#include <elbow/math.hpp>
#include <elbow/plugin.hpp>
