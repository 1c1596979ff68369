data {
  int N;
  vector[N] y;
}
parameters {
  real mu;
  real<lower=0> alpha0;
  real<lower=0, upper=1> alpha1;
  real<lower=0, upper=1 - alpha1> beta1;
}
model {
  real variance = 0.25;
  for (n in 1:N) {
    y[n] ~ normal(mu, sqrt(variance));
    variance = alpha0 + alpha1 * square(y[n] - mu) + beta1 * variance;
  }
}
