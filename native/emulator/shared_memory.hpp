// The dynamic shared memory of a block.
#pragma once

#include <cstdint>

#include "access_history.hpp"
#include "scheduler.hpp"

namespace emulated {

class SharedMemory {
 public:
  SharedMemory();
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  // For the next block: everything counts as never written, and reads as not-a-number.
  void begin(Block& block);
  void newGeneration() { history_.forgetReaders(); }
  void forgetAll() { history_ = AccessHistory(); }
  AccessHistory& history() { return history_; }

  unsigned char* base() const { return bytes_; }
  uint32_t offsetOf(const void* address) const { return static_cast<uint32_t>(static_cast<const unsigned char*>(address) - bytes_); }

  // Begin of a view; reports one that leaves the launched bytes.
  unsigned char* view(int offset, int64_t bytes, uint32_t alignment, const Site& site) const;
  // An access of the running thread: reports what is wrong with it.
  void read(const void* address, uint32_t bytes, const Site& site);
  void write(const void* address, uint32_t bytes, const Site& site);

  // Reports an access outside the launched bytes, or not aligned to `alignment`.
  void require(const void* address, uint32_t bytes, uint32_t alignment, const char* verb, const Site& site) const;

 private:
  Block* block_ = nullptr;
  unsigned char* bytes_;
  AccessHistory history_;
};

}  // namespace emulated
