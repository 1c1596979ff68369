#pragma once

#include <string>

namespace elbow {

/// A number to the digits that its standard error supports, with the error in parentheses in units
/// of the last digit: -531.71(2) is -531.71 +- 0.02. An error that has a decimal point of its own
/// is written in full, 15.3(1.2), and so is one above the units, 1230(40).
/// Digits are those of the Particle Data Group: with the error's three leading digits 100 to 354
/// two digits of the error are kept, 355 to 949 one, and 950 to 999 become 1000, kept to two.
/// Below 1e-4 and from 1e7 on a power of ten follows: 1.23(4)e-07.
/// @param standard_error  0: equal in all replicates, written as 5000(0). NaN or infinite: unknown,
///                        the number is then written as by `plain_number`.
/// A value that is not finite is nan, inf or -inf, without an error.
std::string number_with_error(double value, double standard_error);

/// A number whose error is unknown: four significant digits, whole numbers below 1e7 in full.
std::string plain_number(double value);

/// A number for machines: the fewest digits that give the same double back; nan, inf, -inf.
std::string exact_number(double value);

}  // namespace elbow
