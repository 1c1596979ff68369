#pragma once

#include <elbow/types.hpp>
#include <span>

namespace elbow {

/// The likelihood of a logistic regression, sum_i log sigmoid(m_i) with the margins m_i = sign_i
/// x_i . z, and its gradient, for blocks of draws at the speed of a matrix product.
///
/// Rows are stored times their sign, in panels as high as a vector register, column by column
/// within a panel, so that one copy of the data serves both products as a linear stream. A tile of
/// panels stays in the cache while all draws pass over it. T (double or float) is the arithmetic
/// within a tile; sums across tiles are in double.
template <class T>
class LogitTiles {
 public:
  /// @param tile_rows  rounded up to whole panels and at most 120 panels; 0: tiles of 256 KB
  LogitTiles(Index columns, Index tile_rows);

  /// Copies the rows x_i times sign_i. @param x [N x D]  @param sign [N] 1 or -1
  void assign(Draws x, Vector sign);
  /// Copies rows of `from`; they may repeat. Allocates only when it grows.
  void assign(const LogitTiles& from, std::span<const Index> rows);

  Index rows() const { return rows_; }
  Index columns() const { return columns_; }
  /// sign_i x_i, its element d.
  T operator()(Index i, Index d) const { return data_[place(i, d)]; }

  /// Adds weight * sum_i log sigmoid(m_i) to log_p[s], and its gradient to gradient.col(s).
  /// Allocates nothing. The result of a draw does not depend on which others share the block.
  /// @param         z         [D x S]
  /// @param[in,out] log_p     [S]
  /// @param[in,out] gradient  [D x S], or empty
  void add_log_likelihood(double weight, Draws z, VectorOut log_p, DrawsOut gradient);

 private:
  Index place(Index i, Index d) const;
  void resize(Index rows);
  template <int C>
  void add_group(double weight, Index first_panel, Index panels, const T* z, Index first_draw,
                 VectorOut log_p, DrawsOut gradient);

  using Buffer = Eigen::Matrix<T, Eigen::Dynamic, 1>;
  Index columns_, tile_panels_;
  Index rows_ = 0, panels_ = 0;
  Buffer data_;       ///< [panels x D x lanes]
  Buffer packed_z_;   ///< [D x draws of a pass], draws contiguous
  Buffer residuals_;  ///< [draws of a group x rows of a tile]
};

}  // namespace elbow
