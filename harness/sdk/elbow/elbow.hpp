#pragma once

/// All that a plugin needs: `#include <elbow/elbow.hpp>`.

#include <elbow/first_order_optimizer.hpp>
#include <elbow/math.hpp>
#include <elbow/plugin.hpp>
#include <elbow/warmup.hpp>
