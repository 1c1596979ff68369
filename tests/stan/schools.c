/* Eight schools, not centred:
 *   theta_trans[J] ~ normal(0, 1), mu ~ normal(0, 5), tau ~ half-Cauchy(0, 5)
 *   y[j] ~ normal(theta[j], sigma[j]), theta = mu + tau theta_trans; generated: y_rep[J] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

enum { most_schools = 20 };

struct data {
  int schools;
  double y[most_schools], sigma[most_schools];
};

static const double log_2pi = 1.8378770664093454836, pi = 3.14159265358979323846;

const char program_name[] = "schools_model";

struct data* program_data(const char* json, unsigned seed, const char** error) {
  (void)seed;
  struct data* d = calloc(1, sizeof *d);
  double schools = 0;
  if (strchr(json, '{') == NULL)
    *error = "construct: Error in JSON parsing: the text is no object";
  else if (json_numbers(json, "J", &schools, 1) != 1)
    *error = "construct: Exception: variable does not exist; variable name=J; base type=int";
  else if (schools < 0 || schools > most_schools)
    *error = "construct: Exception: J must be from 0 to 20";
  else if (json_numbers(json, "y", d->y, most_schools) != (int)schools)
    *error = "construct: Exception: mismatch in dimension; variable name=y; expected (J)";
  else if (json_numbers(json, "sigma", d->sigma, most_schools) != (int)schools)
    *error = "construct: Exception: mismatch in dimension; variable name=sigma; expected (J)";
  d->schools = (int)schools;
  if (!*error) return d;
  free(d);
  return NULL;
}

void program_free(struct data* d) { free(d); }

int program_dimension(const struct data* d) { return d->schools + 2; }

static int list(char* out, size_t room, const char* name, int count) {
  for (int j = 1; j <= count; ++j) {
    const size_t used = strlen(out);
    snprintf(out + used, room - used, "%s%s.%d", used ? "," : "", name, j);
  }
  return count;
}

int program_names(const struct data* d, bool tp, bool gq, char* out, size_t room) {
  int count = list(out, room, "theta_trans", d->schools) + 2;
  strncat(out, d->schools ? ",mu,tau" : "mu,tau", room - strlen(out) - 1);
  if (tp) count += list(out, room, "theta", d->schools);
  if (gq) count += list(out, room, "y_rep", d->schools);
  return count;
}

void program_constrain(const struct data* d, bool tp, bool gq, const double* z, double* x,
                       unsigned long long* random) {
  const int n = d->schools;
  const double mu = z[n], tau = exp(z[n + 1]);
  memcpy(x, z, (size_t)n * sizeof *x);
  x += n;
  *x++ = mu;
  *x++ = tau;
  for (int j = 0; tp && j < n; ++j) *x++ = mu + tau * z[j];
  for (int j = 0; gq && j < n; ++j) {
    const double radius = sqrt(-2 * log(next_uniform(random)));
    const double noise = radius * cos(2 * pi * next_uniform(random));
    *x++ = mu + tau * z[j] + d->sigma[j] * noise;
  }
}

double program_log_density(const struct data* d, const double* z, double* gradient) {
  const int n = d->schools;
  const double mu = z[n], log_tau = z[n + 1], tau = exp(log_tau);
  double log_p = -0.5 * (mu * mu / 25 + log_2pi) - log(5) + log(2 / (5 * pi)) -
                 log1p(tau * tau / 25) + log_tau;
  double slope_mu = -mu / 25, slope_tau = 1 - 2 * tau * tau / (25 + tau * tau);
  for (int j = 0; j < n; ++j) {
    const double theta = mu + tau * z[j], gap = (d->y[j] - theta) / d->sigma[j];
    log_p += -0.5 * (z[j] * z[j] + gap * gap) - log_2pi - log(d->sigma[j]);
    const double slope = gap / d->sigma[j];
    if (gradient) gradient[j] = tau * slope - z[j];
    slope_mu += slope;
    slope_tau += tau * z[j] * slope;
  }
  if (gradient) {
    gradient[n] = slope_mu;
    gradient[n + 1] = slope_tau;
  }
  return log_p;
}
