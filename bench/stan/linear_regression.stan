// Linear regression with unit normal coefficients and a known noise.
data {
  int<lower=1> N;
  int<lower=1> D;
  matrix[N, D] x;
  vector[N] y;
  real<lower=0> noise_sd;
}
parameters {
  vector[D] w;
}
model {
  w ~ std_normal();
  y ~ normal(x * w, noise_sd);
}
