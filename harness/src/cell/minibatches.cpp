#include "cell/minibatches.hpp"

#include <elbow/error.hpp>
#include <numeric>
#include <string>

#include "plugins/shapes.hpp"

namespace elbow {

Minibatches::Minibatches(Model& model, Index batch_size, RandomStream stream)
    : density_(model.density() && model.density()->item_count() > 0 ? model.density() : nullptr),
      batch_size_(batch_size),
      stream_(stream) {
  if (batch_size == 0) return;
  const Index items = data_items(model);
  if (items < batch_size)
    throw Error("batch_size is " + std::to_string(batch_size) + ", but the model has " +
                std::to_string(items) + " data items");
  order_.resize(std::size_t(items));
  position_ = items;
}

std::span<const Index> Minibatches::next() {
  if (batch_size_ == 0) return {};
  const Index items = Index(order_.size());
  if (position_ + batch_size_ > items) {
    ++epoch_;
    shuffle();
    position_ = 0;
  }
  const std::span<const Index> batch(order_.data() + position_, std::size_t(batch_size_));
  position_ += batch_size_;
  if (density_) density_->use_items(batch);
  return batch;
}

void Minibatches::shuffle() {
  std::iota(order_.begin(), order_.end(), Index(0));
  RandomStream epoch = stream_.substream(epoch_ - 1);
  epoch.shuffle(order_);
}

void Minibatches::state(StateArchive& archive) {
  archive(position_, epoch_);
  if (archive.restoring() && epoch_ > 0) shuffle();
}

void Minibatches::use_all() {
  if (batch_size_ > 0 && density_) density_->use_items({});
}

}  // namespace elbow
