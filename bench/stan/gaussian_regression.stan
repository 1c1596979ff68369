// Linear regression with unknown noise; a scale of zero means a flat prior.
data {
  int<lower=1> N;
  int<lower=1> D;
  matrix[N, D] x;
  vector[N] y;
  real<lower=0> coefficient_scale;
  real<lower=0> noise_scale;
  int<lower=0, upper=1> noise_is_cauchy;
}
parameters {
  vector[D] beta;
  real<lower=0> sigma;
}
model {
  if (coefficient_scale > 0) beta ~ normal(0, coefficient_scale);
  if (noise_scale > 0) {
    if (noise_is_cauchy)
      sigma ~ cauchy(0, noise_scale);
    else
      sigma ~ normal(0, noise_scale);
  }
  y ~ normal_id_glm(x, 0, beta, sigma);
}
