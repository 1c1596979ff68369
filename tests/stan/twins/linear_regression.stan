data {
  int N;
  int D;
  matrix[N, D] x;
  vector[N] y;
}
parameters {
  vector[D] beta;
}
model {
  beta ~ std_normal();
  y ~ normal(x * beta, 1);
}
