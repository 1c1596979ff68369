#pragma once

#include <catch2/catch.hpp>

#include "support/built_plugin.hpp"
