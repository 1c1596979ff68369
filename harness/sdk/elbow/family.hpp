#pragma once

#include <elbow/option.hpp>
#include <elbow/parameters.hpp>
#include <elbow/random.hpp>
#include <elbow/types.hpp>

namespace elbow {

/// What a family is made from.
struct FamilySetup {
  const Options& options;
  Index dimension;           ///< D of the target (or Dz of the items)
  Index context_dimension;   ///< C of the items' features; 0 without context
  RandomStream init_stream;  ///< for random initial weights
  /// How many of the D, the last ones, are the items' second stochastic layer; 0 with one layer.
  Index second_dimension = 0;
};

/// How many numbers one draw consumes. Rows of a noise block: `normals` standard normal numbers,
/// then `uniforms` numbers uniform on (0, 1).
struct NoiseShape {
  Index normals = 0;
  Index uniforms = 0;
  Index rows() const { return normals + uniforms; }
};

/// Facet: the entropy in closed form.
class ClosedEntropy {
 public:
  virtual ~ClosedEntropy() = default;
  virtual double entropy() = 0;  ///< nats
  /// Adds w d entropy / d phi to `phi`.
  virtual void entropy_pullback(double w, GradientOut phi) = 0;
};

/// Facet: the family is Gaussian, so that its KL to another Gaussian is exact.
class GaussianForm {
 public:
  virtual ~GaussianForm() = default;
  /// @param[out] mean  [D]   @param[out] covariance  [D x D]
  virtual void moments(VectorOut mean, DrawsOut covariance) = 0;
};

/// Facet: KL(q(phi) || q(phi')) in closed form for two members of this family.
class ClosedKl {
 public:
  virtual ~ClosedKl() = default;
  /// @param other  parameters of this family's layout
  virtual double kl(const Parameters& other) = 0;  ///< nats
};

/// Facet: steps along the natural gradient (Amari 1998), by the family's own Fisher metric.
class NaturalGradient {
 public:
  virtual ~NaturalGradient() = default;
  /// Replaces a gradient by the inverse Fisher matrix times that gradient.
  virtual void precondition(GradientOut gradient) = 0;
  /// Moves the parameters along a preconditioned direction, staying inside the family.
  virtual void retract(GradientOut direction, double step) = 0;
};

/// Facet: q(z | c; phi). After `bind`, columns b K + k of every block belong to item b; a block may
/// have fewer than B K columns and then speaks of the first items only.
class Conditional {
 public:
  virtual ~Conditional() = default;
  virtual Index context_dimension() const = 0;
  /// Encodes the context with the current parameters: bind again after they have changed.
  /// @param context         [C x B]  may be released afterwards
  /// @param draws_per_item  K
  /// @param for_gradient    whether `context_gradient` will be asked for, which costs a product
  virtual void bind(Context context, Index draws_per_item, bool for_gradient = false) = 0;
  /// The gradient with respect to the context of what the most recent pull-back with a wanted phi
  /// added to phi. @param[out] g_context  [C x B]  overwritten
  virtual void context_gradient(ContextOut g_context) = 0;
};

/// Facet of conditional families: q(z | c_b) = N(mean_b, diag(sd_b^2)) for every item, so that KLs
/// have a closed form, with one pull-back for all that depends on the parameters.
class DiagonalGaussian {
 public:
  virtual ~DiagonalGaussian() = default;
  /// Of the most recent `bind`. [Dz x B]
  virtual Draws means() const = 0;
  virtual Draws log_sds() const = 0;
  /// `sample_pullback(g_z, g_log_q, phi)` and the gradient with respect to means and log sds
  /// themselves, in one pass through the encoder.
  /// @param g_z      [Dz x S]  of the most recent `sample`; or empty for zeros
  /// @param g_log_q  [S]       or empty for zeros
  /// @param g_mean, g_log_sd  [Dz x B]  or empty for zeros
  virtual void pullback(Draws g_z, Vector g_log_q, Draws g_mean, Draws g_log_sd,
                        GradientOut phi) = 0;
};

/// Facet: q is the image of D standard normal numbers under one smooth invertible map z = T(e; phi)
/// of R^D, so that samplers can work on a target pulled back to e, where it is close to N(0, I) if
/// the fit is good (NeuTra: Hoffman et al. 2019, section 3). The parameters do not change
/// meanwhile.
class Transport {
 public:
  virtual ~Transport() = default;

  /// For families whose noise is D normals, the same as `sample`.
  /// @param      e      [D x S]
  /// @param[out] z      [D x S]  T(e; phi)
  /// @param[out] log_q  [S]  log q(z; phi) = log N(e; 0, I) - log |det dT/de|
  virtual void transport(Draws e, DrawsOut z, VectorOut log_q) = 0;

  /// Of the most recent `transport`.
  /// @param      g_z      [D x S]
  /// @param      g_log_q  [S]
  /// @param[out] g_e      [D x S]  (dz_s/de_s)^T g_z,s + (dlog_q_s/de_s) g_log_q[s], where
  /// dlog_q/de is the total derivative along z = T(e; phi)
  virtual void transport_pullback(Draws g_z, Vector g_log_q, DrawsOut g_e) = 0;
};

/// A variational distribution q(z; phi) over R^D: two functions and their pull-backs, on which
/// every gradient estimator is written once. Noise is an input, so that antithetic,
/// quasi-Monte-Carlo and common random numbers work for all families.
///
/// A pull-back belongs to the most recent call of its function and may use what that call cached;
/// changing the parameters in between is an error of the caller. Thread-safe: no.
class Family {
 public:
  virtual ~Family() = default;

  virtual Index dimension() const = 0;
  virtual NoiseShape noise() const { return {dimension(), 0}; }
  virtual Parameters& parameters() = 0;

  /// @param      noise  [R x S]  R = noise().rows(), one draw per column
  /// @param[out] z      [D x S]  T(noise; phi)
  /// @param[out] log_q  [S]      log q(z; phi) in the same pass, or empty
  virtual void sample(Draws noise, DrawsOut z, VectorOut log_q) = 0;

  /// Adds sum_s [ (dz_s/dphi)^T g_z,s + (dlog_q_s/dphi) g_log_q,s ] to `phi`, where both are total
  /// derivatives along z = T(noise; phi).
  /// @param g_z      [D x S]
  /// @param g_log_q  [S]  or empty for zeros (then `sample` need not have computed log_q)
  /// Families without the ability `reparameterized` do not override this; it throws.
  virtual void sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi);

  /// @param      z      [D x S]  any points
  /// @param[out] log_q  [S]
  virtual void log_prob(Draws z, VectorOut log_q) = 0;

  /// Of the most recent `log_prob`: adds sum_s w[s] dlog q(z_s; phi)/dphi to `phi`, with z held
  /// fixed.
  /// @param      w    [S]
  /// @param      phi  default constructed when only g_z is wanted
  /// @param[out] g_z  [D x S]  w[s] grad_z log q(z_s; phi), or empty
  virtual void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) = 0;

  virtual ClosedEntropy* closed_entropy() { return nullptr; }
  virtual GaussianForm* gaussian_form() { return nullptr; }
  virtual ClosedKl* closed_kl() { return nullptr; }
  virtual NaturalGradient* natural_gradient() { return nullptr; }
  virtual Conditional* conditional() { return nullptr; }
  virtual DiagonalGaussian* diagonal_gaussian() { return nullptr; }
  virtual Transport* transport_map() { return nullptr; }
};

/// Fills a block with the family's noise. @param[out] noise  [R x S]
void fill_noise(const NoiseShape& shape, RandomStream& stream, DrawsOut noise);

}  // namespace elbow
