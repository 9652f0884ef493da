// What sm_90a adds to a block: made when a kernel first uses it.
#pragma once

#include <cstdint>
#include <string>

#include "register_pool.hpp"
#include "tensor_map.hpp"
#include "transaction_barrier.hpp"
#include "warpgroup_product.hpp"

namespace emulated {

class HopperUnits {
 public:
  explicit HopperUnits(Block& block) : registers(block.threads), block_(block) {}

  // Of the running thread's block.
  static HopperUnits& ofBlock();

  // cp.async.bulk.tensor: to byte `place` of shared memory. Until the copy is done, which is as late as can be, its bytes are not-a-number.
  void copyBox(uint32_t place, const void* map, std::array<int32_t, 3> start, uint32_t barrierPlace, const Site& site);
  // 16 bytes for a product, as the async proxy sees them.
  void readForProduct(uint32_t place, void* to, const Site& site);
  void fenceProxyAsync();

  // When the block has ended: what is still under way, or nothing.
  std::string finish() const { return products.underWay(); }

  TransactionBarriers barriers;
  WarpgroupProducts products;
  RegisterPool registers;

 private:
  Block& block_;
};

}  // namespace emulated
