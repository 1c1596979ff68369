#pragma once

namespace elbow {

/// Prints the posteriors of $POSTERIORDB: their quantities, how many numbers these are, and whether
/// there are data, a Stan program and reference draws. Posteriors whose files are not as they
/// should be are named last, on stderr.
/// @return the exit status: 1 when there are such posteriors
/// @throws Error when there is no checkout.
int list_posteriors(bool as_json);

}  // namespace elbow
