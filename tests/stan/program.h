/* What one program has to say of itself; interface.c makes a library of it. */
#ifndef ELBOW_TESTS_STAN_PROGRAM_H
#define ELBOW_TESTS_STAN_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

struct data; /* the program's own */

/* The numbers behind `"key":` in a JSON text, nested lists flattened in the order of the text.
 * Returns how many there are; -1 when there is no such key. */
int json_numbers(const char* json, const char* key, double* out, int most);

/* Uniform on (0, 1); the state must not be 0. */
double next_uniform(unsigned long long* state);

/* NULL after setting *error to a text with static storage. */
struct data* program_data(const char* json, unsigned seed, const char** error);
void program_free(struct data* d);

extern const char program_name[];
int program_dimension(const struct data* d);

/* Appends names separated by commas; returns how many. */
int program_names(const struct data* d, bool tp, bool gq, char* out, size_t room);

void program_constrain(const struct data* d, bool tp, bool gq, const double* z, double* x,
                       unsigned long long* random);

/* log density with constants and Jacobian; the gradient too unless it is NULL. */
double program_log_density(const struct data* d, const double* z, double* gradient);

#endif
