#include <algorithm>
#include <cmath>
#include <elbow/logit_tiles.hpp>
#include <elbow/simd.hpp>
#include <utility>

namespace elbow {
namespace {

using namespace simd;

// AVX-512 has 32 vector registers, everything else on x86 has 16. Accumulators take most of them.
constexpr int accumulators = register_bytes == 64 ? 24 : 12;
constexpr int widest_group = register_bytes == 64 ? 8 : 4;
constexpr Index pass_draws = 64;
constexpr Index most_panels = 120;

/// -log sigmoid(m) = max(-m, 0) + log(1 + e^-|m|), summed over rows lane by lane: the first part as
/// twice its value, the second as a product of factors in (1, 2], so that a logarithm is taken once
/// per lane and tile.
template <class T>
struct Loss {
  typename Simd<T>::V twice_linear, product;
};

/// Adds a margin's loss and returns sigmoid(-m), the slope of log sigmoid.
template <class T>
inline typename Simd<T>::V add_margin(typename Simd<T>::V m, Loss<T>& loss) {
  using V = typename Simd<T>::V;
  const V size = m > 0 ? m : -m;
  const V e = exp_nonpositive<T>(-size);
  const V one_plus = e + T(1);
  loss.twice_linear += size - m;
  loss.product *= one_plus;
  const V larger = T(1) / one_plus;
  return m > 0 ? e * larger : larger;
}

template <class T>
double total(const Loss<T>& loss) {
  using Lanes = Eigen::Array<T, int(lanes<T>), 1>;
  Lanes linear, product;
  store(linear.data(), loss.twice_linear);
  store(product.data(), loss.product);
  return 0.5 * linear.template cast<double>().sum() + product.template cast<double>().log().sum();
}

template <class T>
inline double horizontal_sum(typename Simd<T>::V v) {
  Eigen::Array<T, int(lanes<T>), 1> values;
  store(values.data(), v);
  return double(values.sum());
}

/// Margins of R panels and C draws, their losses, and the slopes where `slopes` is not null.
template <class T, int R, int C>
inline void add_panels(const T* x, Index columns, const T* z, Index z_stride, Loss<T>* losses,
                       T* slopes, Index slope_stride) {
  using V = typename Simd<T>::V;
  V margin[R][C] = {};
  const Index panel_size = columns * lanes<T>;
  for (Index d = 0; d < columns; ++d) {
    V row[R];
    for (int r = 0; r < R; ++r) row[r] = load(x + r * panel_size + d * lanes<T>);
    for (int c = 0; c < C; ++c) {
      const V coefficient = broadcast<T>(z[d * z_stride + c]);
      for (int r = 0; r < R; ++r) margin[r][c] += row[r] * coefficient;
    }
  }
  for (int c = 0; c < C; ++c) {
    Loss<T> loss = losses[c];
    for (int r = 0; r < R; ++r) {
      const V slope = add_margin<T>(margin[r][c], loss);
      if (slopes) store(slopes + c * slope_stride + r * lanes<T>, slope);
    }
    losses[c] = loss;
  }
}

/// gradient(d, s) += weight * (x.col(d) . slopes.col(s)) of Q columns and C draws of one tile.
template <class T, int Q, int C>
inline void add_columns(double weight, const T* x, Index columns, Index panels, const T* slopes,
                        Index slope_stride, double* gradient, Index gradient_stride) {
  using V = typename Simd<T>::V;
  V sum[Q][C] = {};
  for (Index p = 0; p < panels; ++p) {
    V slope[C];
    for (int c = 0; c < C; ++c) slope[c] = load(slopes + c * slope_stride + p * lanes<T>);
    for (int q = 0; q < Q; ++q) {
      const V column = load(x + (p * columns + q) * lanes<T>);
      for (int c = 0; c < C; ++c) sum[q][c] += column * slope[c];
    }
  }
  for (int c = 0; c < C; ++c)
    for (int q = 0; q < Q; ++q)
      gradient[c * gradient_stride + q] += weight * horizontal_sum<T>(sum[q][c]);
}

}  // namespace

template <class T>
LogitTiles<T>::LogitTiles(Index columns, Index tile_rows) : columns_(columns) {
  const Index rows = tile_rows > 0 ? tile_rows : (Index(256) << 10) / (columns * Index(sizeof(T)));
  tile_panels_ = std::clamp((rows + lanes<T> - 1) / lanes<T>, Index(1), most_panels);
  packed_z_.resize(columns * pass_draws);
  residuals_.resize(widest_group * tile_panels_ * lanes<T>);
}

template <class T>
Index LogitTiles<T>::place(Index i, Index d) const {
  return (i / lanes<T> * columns_ + d) * lanes<T> + i % lanes<T>;
}

template <class T>
void LogitTiles<T>::resize(Index rows) {
  rows_ = rows;
  panels_ = (rows + lanes<T> - 1) / lanes<T>;
  if (data_.size() < panels_ * columns_ * lanes<T>) data_.resize(panels_ * columns_ * lanes<T>);
  // Rows that fill the last panel: their margins are 0.
  for (Index d = 0; d < columns_; ++d)
    for (Index i = rows; i < panels_ * lanes<T>; ++i) data_[place(i, d)] = 0;
}

template <class T>
void LogitTiles<T>::assign(Draws x, Vector sign) {
  resize(x.rows());
  for (Index i = 0; i < rows_; ++i)
    for (Index d = 0; d < columns_; ++d) data_[place(i, d)] = T(sign[i] * x(i, d));
}

template <class T>
void LogitTiles<T>::assign(const LogitTiles& from, std::span<const Index> rows) {
  resize(Index(rows.size()));
  for (Index i = 0; i < rows_; ++i)
    for (Index d = 0; d < columns_; ++d)
      data_[place(i, d)] = from.data_[from.place(rows[std::size_t(i)], d)];
}

template <class T>
template <int C>
void LogitTiles<T>::add_group(double weight, Index first_panel, Index panels, const T* z,
                              Index first_draw, VectorOut log_p, DrawsOut gradient) {
  constexpr int R = std::min(accumulators / C, 6);
  constexpr int Q = std::min(accumulators / C, 6);
  const bool wanted = gradient.size() > 0;
  const Index panel_size = columns_ * lanes<T>;
  const T* const x = data_.data() + first_panel * panel_size;
  const Index slope_stride = tile_panels_ * lanes<T>;
  const auto slopes = [&](Index p) { return wanted ? residuals_.data() + p * lanes<T> : nullptr; };
  Loss<T> losses[C];
  for (Loss<T>& loss : losses) loss = {broadcast<T>(0), broadcast<T>(1)};
  Index p = 0;
  for (; p + R <= panels; p += R)
    add_panels<T, R, C>(x + p * panel_size, columns_, z, pass_draws, losses, slopes(p),
                        slope_stride);
  for (; p < panels; ++p)
    add_panels<T, 1, C>(x + p * panel_size, columns_, z, pass_draws, losses, slopes(p),
                        slope_stride);
  for (int c = 0; c < C; ++c) log_p[first_draw + c] -= weight * total(losses[c]);
  if (!wanted) return;
  double* const out = gradient.col(first_draw).data();
  const Index stride = gradient.outerStride();
  Index d = 0;
  for (; d + Q <= columns_; d += Q)
    add_columns<T, Q, C>(weight, x + d * lanes<T>, columns_, panels, residuals_.data(),
                         slope_stride, out + d, stride);
  for (; d < columns_; ++d)
    add_columns<T, 1, C>(weight, x + d * lanes<T>, columns_, panels, residuals_.data(),
                         slope_stride, out + d, stride);
}

template <class T>
void LogitTiles<T>::add_log_likelihood(double weight, Draws z, VectorOut log_p, DrawsOut gradient) {
  // What the rows that fill the last panel will take away: log sigmoid(0) each.
  log_p.array() += weight * double(panels_ * lanes<T> - rows_) * std::log(2.0);
  for (Index pass = 0; pass < z.cols(); pass += pass_draws) {
    const Index draws = std::min(pass_draws, z.cols() - pass);
    for (Index d = 0; d < columns_; ++d)
      for (Index s = 0; s < draws; ++s) packed_z_[d * pass_draws + s] = T(z(d, pass + s));
    const Index groups = (draws + widest_group - 1) / widest_group;
    for (Index first_panel = 0; first_panel < panels_; first_panel += tile_panels_) {
      const Index panels = std::min(tile_panels_, panels_ - first_panel);
      for (Index group = 0; group < groups; ++group) {
        const Index first = group * draws / groups;
        const Index width = (group + 1) * draws / groups - first;
        const auto add = [&]<int C>() {
          if (width == C)
            add_group<C>(weight, first_panel, panels, packed_z_.data() + first, pass + first, log_p,
                         gradient);
        };
        [&]<int... C>(std::integer_sequence<int, C...>) { (add.template operator()<C + 1>(), ...); }
        (std::make_integer_sequence<int, widest_group>());
      }
    }
  }
}

template class LogitTiles<float>;
template class LogitTiles<double>;

}  // namespace elbow
