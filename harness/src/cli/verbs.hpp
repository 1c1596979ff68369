#pragma once

#include <string>
#include <vector>

namespace elbow {

/// One verb of the command line, in the file named after it. @param arguments  what follows the
/// verb
/// @return the program's exit status: 0 done, 1 the work failed, 2 the call or an input file is
/// wrong
using Verb = int (*)(const std::vector<std::string>& arguments);

int verb_run(const std::vector<std::string>& arguments);
int verb_plan(const std::vector<std::string>& arguments);
int verb_compare(const std::vector<std::string>& arguments);
int verb_report(const std::vector<std::string>& arguments);
int verb_index(const std::vector<std::string>& arguments);
int verb_list(const std::vector<std::string>& arguments);
int verb_info(const std::vector<std::string>& arguments);
int verb_check(const std::vector<std::string>& arguments);
int verb_new(const std::vector<std::string>& arguments);
int verb_verify(const std::vector<std::string>& arguments);
int verb_version(const std::vector<std::string>& arguments);

}  // namespace elbow
