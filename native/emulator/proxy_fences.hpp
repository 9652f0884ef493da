// Plain writes to shared memory that the asynchronous proxy (products, bulk copies) cannot rely on yet. PTX ISA, "async proxy": between a
// plain access and an asynchronous one to the same memory there must be a fence.proxy.async.
//
// Kept for 16-byte lines: of several threads that write into one line without a fence, the last one counts.
#pragma once

#include <cstdint>
#include <vector>

#include "scheduler.hpp"

namespace emulated {

class ProxyFences {
 public:
  explicit ProxyFences(const Block& block);

  // Offsets in bytes. A plain write of `thread`.
  void wrote(const Thread& thread, uint32_t offset, uint32_t bytes, const Site& site);
  // fence.proxy.async of `thread`: covers all that it has written.
  void fence(Thread& thread);
  // The line at `offset` is about to be used by an asynchronous operation of `thread`: reports a write without a fence, and a fence that
  // nothing orders before.
  void require(const Thread& thread, uint32_t offset, const Site& site) const;
  // The line has new content, of the asynchronous proxy itself.
  void overwritten(uint32_t offset) { lines_[offset / LINE].writer = NOBODY; }

 private:
  static constexpr uint32_t LINE = 16;
  static constexpr int NOBODY = -1;

  struct Written {
    int writer = NOBODY;
    bool fenced = false;
    uint32_t generation = 0;  // of the fence
    uint32_t clock = 0;
    Site site;
  };

  std::vector<Written> lines_;
  std::vector<std::vector<uint32_t>> unfenced_;  // lines by thread
};

}  // namespace emulated
