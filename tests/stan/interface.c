/* A library with the C interface of BridgeStan 2, written from its public documentation: a stand-in
 * for what BridgeStan makes of a Stan program, and with one of the macros FAULT_... a faulty one.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "program.h"

#define EXPORT __attribute__((visibility("default")))

#ifndef VERSION_MINOR
#define VERSION_MINOR 7
#endif

#ifdef FAULT_OTHER_MAJOR
EXPORT extern const int bs_major_version;
const int bs_major_version = 3;
#elif !defined(FAULT_NO_VERSION)
EXPORT extern const int bs_major_version;
const int bs_major_version = 2;
#endif
EXPORT extern const int bs_minor_version;
const int bs_minor_version = VERSION_MINOR;
EXPORT extern const int bs_patch_version;
const int bs_patch_version = 0;

typedef struct {
  struct data* data;
  char names[2][2][2000];
  int counts[2][2];
  long calls;
} bs_model;
typedef struct {
  unsigned long long state;
} bs_rng;
typedef void (*callback)(const char* data, size_t size);

static callback print_to;
static long open_errors;

__attribute__((unused)) static void print(const char* text) {
  if (print_to)
    print_to(text, strlen(text));
  else
    fputs(text, stdout);
}

static void set_error(char** error, const char* text) {
  if (!error) return;
  *error = malloc(strlen(text) + 1);
  strcpy(*error, text);
  ++open_errors;
}

EXPORT void bs_free_error_msg(char* error) {
  if (error) --open_errors;
  free(error);
}

/* For tests: error texts that nobody has freed. */
EXPORT long bs_test_open_errors(void) { return open_errors; }

static char* content_of(const char* file) {
  FILE* in = fopen(file, "rb");
  if (!in) return NULL;
  char* text = calloc(1, 1 << 20);
  const size_t n = fread(text, 1, (1 << 20) - 1, in);
  text[n] = 0;
  fclose(in);
  return text;
}

EXPORT bs_model* bs_model_construct(const char* data, unsigned seed, char** error) {
#ifdef FAULT_THROWS_AT_CONSTRUCTION
  print("about to look at the data\n");
  set_error(error, "construct: the data are bad: found N=-1, expected at least 0");
  return NULL;
#endif
#ifdef FAULT_CRASHES_AT_CONSTRUCTION
  raise(SIGSEGV);
#endif
#ifdef FAULT_SLOW_CONSTRUCTION
  const struct timespec pause = {6, 0};
  nanosleep(&pause, NULL);
#endif
  char* json = NULL;
  const size_t length = data ? strlen(data) : 0;
  if (length > 5 && strcmp(data + length - 5, ".json") == 0) {
    json = content_of(data);
    if (!json) {
      set_error(error, "construct: cannot read input file");
      return NULL;
    }
  } else {
    json = calloc(1, length + 1);
    if (data) memcpy(json, data, length);
  }
  const char* reason = NULL;
  struct data* made = program_data(json, seed, &reason);
  free(json);
  if (!made) {
    set_error(error, reason);
    return NULL;
  }
  bs_model* m = calloc(1, sizeof *m);
  m->data = made;
  for (int tp = 0; tp < 2; ++tp)
    for (int gq = 0; gq < 2; ++gq)
      m->counts[tp][gq] = program_names(made, tp, gq, m->names[tp][gq], sizeof m->names[tp][gq]);
#ifdef FAULT_NAMES
  strcat(m->names[0][0], ",one_more");
#endif
  return m;
}

EXPORT void bs_model_destruct(bs_model* m) {
  if (m) program_free(m->data);
  free(m);
}

EXPORT const char* bs_name(const bs_model* m) {
  (void)m;
  return program_name;
}
EXPORT const char* bs_param_names(const bs_model* m, bool tp, bool gq) { return m->names[tp][gq]; }
EXPORT int bs_param_num(const bs_model* m, bool tp, bool gq) { return m->counts[tp][gq]; }
EXPORT int bs_param_unc_num(const bs_model* m) {
#ifdef FAULT_NO_PARAMETERS
  (void)m;
  return 0;
#else
  return program_dimension(m->data);
#endif
}

#ifndef FAULT_MISSING_SYMBOL
EXPORT int bs_param_constrain(const bs_model* m, bool tp, bool gq, const double* z, double* x,
                              bs_rng* rng, char** error) {
  unsigned long long none = 1;
  if (gq && !rng) {
    set_error(error, "param_constrain: generated quantities without random numbers");
    return -1;
  }
#ifdef FAULT_THROWS_IN_GENERATED_QUANTITIES
  if (gq) {
    set_error(error, "param_constrain: a generated quantity cannot be computed");
    return -1;
  }
#endif
  program_constrain(m->data, tp, gq, z, x, rng ? &rng->state : &none);
  return 0;
}
#endif

static int evaluate(const bs_model* m, bool propto, bool jacobian, const double* z, double* log_p,
                    double* gradient, char** error) {
  if (propto || !jacobian) {
    set_error(error, "this stand-in keeps constants and the Jacobian only");
    return -1;
  }
  const int dimension = program_dimension(m->data);
  for (int d = 0; d < dimension; ++d)
    if (isnan(z[d])) {
      set_error(error, "log_density: a coordinate is nan");
      return -1;
    }
  *log_p = program_log_density(m->data, z, gradient);
  (void)error;
#ifdef FAULT_REJECTS_SOMETIMES
  if (z[0] > 1) {
    set_error(error, "log_density: rejected, the first coordinate is above 1");
    return -1;
  }
#endif
#ifdef FAULT_REJECTS_ALWAYS
  set_error(error, "log_density: index 9 out of range, expected 1 to 8");
  return -1;
#endif
#ifdef FAULT_PRINTS
  print("a line that the program prints\n");
#endif
#ifdef FAULT_NAN
  if (z[0] > 1) *log_p = NAN;
#endif
#ifdef FAULT_NAN_GRADIENT
  if (z[0] > 1 && gradient) gradient[0] = NAN;
#endif
#ifdef FAULT_WRONG_GRADIENT
  if (gradient) gradient[0] += 1e-3;
#endif
#ifdef FAULT_SLOW
  const struct timespec pause = {0, 20000000};
  nanosleep(&pause, NULL);
#endif
#ifdef FAULT_CRASHES
  if (++((bs_model*)m)->calls > 50) raise(SIGSEGV);
#endif
  return 0;
}

EXPORT int bs_log_density(const bs_model* m, bool propto, bool jacobian, const double* z,
                          double* log_p, char** error) {
  return evaluate(m, propto, jacobian, z, log_p, NULL, error);
}
EXPORT int bs_log_density_gradient(const bs_model* m, bool propto, bool jacobian, const double* z,
                                   double* log_p, double* gradient, char** error) {
  return evaluate(m, propto, jacobian, z, log_p, gradient, error);
}

EXPORT bs_rng* bs_rng_construct(unsigned seed, char** error) {
  (void)error;
  bs_rng* rng = malloc(sizeof *rng);
  rng->state = 0x9e3779b97f4a7c15ull * (seed + 1ull) | 1;
  return rng;
}
EXPORT void bs_rng_destruct(bs_rng* rng) { free(rng); }

EXPORT int bs_set_print_callback(callback to, char** error) {
  (void)error;
  print_to = to;
  return 0;
}

int json_numbers(const char* json, const char* key, double* out, int most) {
  char quoted[100];
  snprintf(quoted, sizeof quoted, "\"%s\"", key);
  const char* at = strstr(json, quoted);
  if (!at) return -1;
  at = strchr(at + strlen(quoted), ':');
  if (!at) return -1;
  int depth = 0, count = 0;
  for (++at; *at; ++at) {
    if (*at == '[') {
      ++depth;
    } else if (*at == ']') {
      if (--depth <= 0) break;
    } else if (strchr("-.0123456789", *at)) {
      char* end = NULL;
      const double value = strtod(at, &end);
      if (count < most) out[count] = value;
      ++count;
      at = end - 1;
      if (depth == 0) break;
    } else if (*at == '}') {
      break;
    }
  }
  return count;
}

double next_uniform(unsigned long long* state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return ((double)(*state >> 11) + 0.5) / 9007199254740992.0;
}
