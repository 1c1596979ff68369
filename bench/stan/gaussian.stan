// A normal distribution with a given covariance.
data {
  int<lower=1> D;
  cov_matrix[D] covariance;
}
transformed data {
  matrix[D, D] precision = inverse_spd(covariance);
}
parameters {
  vector[D] z;
}
model {
  target += -0.5 * quad_form(precision, z);
}
