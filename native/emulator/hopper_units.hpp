// What sm_90a adds to a block: made when a kernel first uses it.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "proxy_fences.hpp"
#include "register_pool.hpp"
#include "tensor_map.hpp"
#include "transaction_barrier.hpp"
#include "warpgroup_product.hpp"

namespace emulated {

class HopperUnits {
 public:
  explicit HopperUnits(Block& block) : registers(block.threads), proxies(block), block_(block) {}

  // Of the running thread's block.
  static HopperUnits& ofBlock();

  // What a box of the map takes in shared memory, where elements have so many bytes.
  static uint32_t boxBytes(const void* map, uint32_t elementBytes, const Site& site);
  // cp.async.bulk.tensor: to byte `place` of shared memory. Until the copy is done, which is as late as can be, its bytes are not-a-number.
  void copyBox(uint32_t place, const void* map, std::array<int32_t, 3> start, uint32_t barrierPlace, const Site& site);
  // The running warp's product `number`, from 1 on, is going to read these 16 bytes through the asynchronous proxy: reports what does not
  // allow that.
  void requireForProduct(uint32_t place, uint32_t number, const Site& site);

  // When the block has ended: what is still under way, or nothing.
  std::string finish() const { return products.underWay(); }

  TransactionBarriers barriers;
  WarpgroupProducts products;
  RegisterPool registers;
  ProxyFences proxies;

 private:
  void deliverBox(uint32_t place, const TensorMapContent& map, std::array<int32_t, 3> start, uint32_t barrierPlace, const Site& site,
                  const Thread& issuer);

  Block& block_;
};

}  // namespace emulated
