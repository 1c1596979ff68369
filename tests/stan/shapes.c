/* Variables of many shapes, all with known moments:
 *   real<lower=0> scale ~ exponential(1);  simplex[3] p ~ dirichlet(alpha), alpha from the data
 *   matrix[2, 3] m, m[i, j] ~ normal(10 i + j, 1);  vector[0] nothing
 * transformed: log_p[3]; generated: complex w[2], an array of two tuples t (a number, a vector of
 * 2), noise (the random number of `transformed data`). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

struct data {
  double alpha[3], noise;
};

const char program_name[] = "shapes_model";

struct data* program_data(const char* json, unsigned seed, const char** error) {
  struct data* d = calloc(1, sizeof *d);
  d->alpha[0] = 2, d->alpha[1] = 3, d->alpha[2] = 5;
  const int given = json_numbers(json, "alpha", d->alpha, 3);
  unsigned long long state = 0x9e3779b97f4a7c15ull * (seed + 1ull) | 1;
  for (int i = 0; i < 20; ++i) d->noise = next_uniform(&state);
  if (given == -1 || given == 3) return d;
  *error = "construct: Exception: mismatch in dimension; variable name=alpha; expected (3)";
  free(d);
  return NULL;
}

void program_free(struct data* d) { free(d); }

int program_dimension(const struct data* d) {
  (void)d;
  return 1 + 2 + 6;
}

int program_names(const struct data* d, bool tp, bool gq, char* out, size_t room) {
  (void)d;
  snprintf(out, room, "scale,p.1,p.2,p.3,m.1.1,m.2.1,m.1.2,m.2.2,m.1.3,m.2.3%s%s",
           tp ? ",log_p.1,log_p.2,log_p.3" : "",
           gq ? ",w.1.real,w.1.imag,w.2.real,w.2.imag,t.1:1,t.1:2.1,t.1:2.2,t.2:1,t.2:2.1,t.2:2.2,"
                "noise"
              : "");
  return 10 + (tp ? 3 : 0) + (gq ? 11 : 0);
}

/* Sticks are broken off at v1 = sigmoid(z1 - log 2) and v2 = sigmoid(z2) of what is left. */
static void simplex(const double* z, double* p, double* log_v, double* log_rest) {
  const double at[2] = {z[0] - log(2), z[1]};
  double left = 1;
  for (int k = 0; k < 2; ++k) {
    const double v = 1 / (1 + exp(-at[k]));
    log_v[k] = at[k] < 0 ? at[k] - log1p(exp(at[k])) : -log1p(exp(-at[k]));
    log_rest[k] = at[k] > 0 ? -at[k] - log1p(exp(-at[k])) : -log1p(exp(at[k]));
    p[k] = left * v;
    left *= 1 - v;
  }
  p[2] = left;
}

void program_constrain(const struct data* d, bool tp, bool gq, const double* z, double* x,
                       unsigned long long* random) {
  (void)random;
  double log_v[2], log_rest[2];
  *x++ = exp(z[0]);
  double* p = x;
  simplex(z + 1, p, log_v, log_rest);
  x += 3;
  memcpy(x, z + 3, 6 * sizeof *x);
  x += 6;
  for (int k = 0; tp && k < 3; ++k) *x++ = log(p[k]);
  if (!gq) return;
  for (int i = 0; i < 10; ++i) *x++ = i + 1;
  *x = d->noise;
}

double program_log_density(const struct data* d, const double* z, double* gradient) {
  double p[3], log_v[2], log_rest[2];
  simplex(z + 1, p, log_v, log_rest);
  const double* a = d->alpha;
  /* exponential(1) of exp(z0) */
  double log_p = z[0] - exp(z[0]);
  /* v1 ~ beta(a1, a2 + a3) and v2 ~ beta(a2, a3), with the Jacobian v (1 - v) of each */
  log_p += lgamma(a[0] + a[1] + a[2]) - lgamma(a[0]) - lgamma(a[1]) - lgamma(a[2]);
  log_p += a[0] * log_v[0] + (a[1] + a[2]) * log_rest[0] + a[1] * log_v[1] + a[2] * log_rest[1];
  if (gradient) {
    gradient[0] = 1 - exp(z[0]);
    gradient[1] = a[0] * exp(log_rest[0]) - (a[1] + a[2]) * exp(log_v[0]);
    gradient[2] = a[1] * exp(log_rest[1]) - a[2] * exp(log_v[1]);
  }
  for (int i = 0; i < 6; ++i) {
    const double gap = z[3 + i] - (10 * (i % 2 + 1) + i / 2 + 1);
    log_p += -0.5 * gap * gap - 0.91893853320467274178;
    if (gradient) gradient[3 + i] = -gap;
  }
  return log_p;
}
