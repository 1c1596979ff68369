#pragma once

#include <string>

#include "compare/comparison.hpp"

namespace elbow {

/// One HTML page about a result folder, complete in itself: the outcomes, the tables of
/// `elbow compare`, ELBOs along the way against iterations and seconds, means and standard
/// deviations of the posterior by method, the experiment file, what it was made with. Everything
/// that comes from files is escaped. The same folder gives the same page.
/// @throws Error naming the file that cannot be read.
std::string html_report(const ResultFolder& folder);

}  // namespace elbow
