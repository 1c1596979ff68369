data {
  int N;
  vector[N] y;
}
parameters {
  real alpha;
  vector[5] beta;
  real<lower=0> sigma;
}
model {
  alpha ~ normal(0, 10);
  beta ~ normal(0, 10);
  sigma ~ cauchy(0, 2.5);
  for (n in 6:N) {
    real mean = alpha;
    for (k in 1:5) mean += beta[k] * y[n - k];
    y[n] ~ normal(mean, sigma);
  }
}
