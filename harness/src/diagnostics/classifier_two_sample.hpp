#pragma once

#include <elbow/random.hpp>
#include <elbow/types.hpp>

namespace elbow {

/// The classifier two-sample test: how often a neural network tells held-out draws of one sample
/// from those of another. 0.5: it cannot; 1: always. By the definition of the sbibm benchmark: both
/// samples are z-scored by the mean and sd of y; two hidden layers of 10 D ReLU units; binary cross
/// entropy with an L2 penalty of 1e-4 on the weights; Adam with rate 1e-3 and batches of 200 until
/// the loss of an epoch has not gone down by 1e-4 ten times in a row, at most 1000 epochs; accuracy
/// over 5 folds.
/// @param x, y  [D x n]  of one size, n >= 5; y is the reference
/// @return the accuracy, with the standard error (a (1 - a) / 2n)^(1/2) of 2n predictions; NaN
/// where
///         a number is not finite or no row of y varies. Rows that do not vary in y are left out.
/// Source: Friedman 2003; Lopez-Paz & Oquab 2017; Lueckmann et al. 2021, section 4.2.
Estimate classifier_accuracy(Draws x, Draws y, RandomStream stream);

}  // namespace elbow
