// GARCH(1, 1) with flat priors.
data {
  int<lower=2> T;
  real y[T];
  real<lower=0> sigma1;
}
parameters {
  real mu;
  real<lower=0> alpha0;
  real<lower=0, upper=1> alpha1;
  real<lower=0, upper=1 - alpha1> beta1;
}
model {
  real h = square(sigma1);
  y[1] ~ normal(mu, sigma1);
  for (t in 2:T) {
    h = alpha0 + alpha1 * square(y[t - 1] - mu) + beta1 * h;
    y[t] ~ normal(mu, sqrt(h));
  }
}
