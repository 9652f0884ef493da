// Device memory: ranges of the process's address space that kernels may touch, each surrounded by space that nobody may.
//
// Addresses come from one reserved span and are never given out twice, so a use of freed memory is always seen. A table from pieces of
// the span to their allocation answers in constant time, without a lock, whether an access is allowed.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <string>

namespace emulated {

class DeviceMemory {
 public:
  static DeviceMemory& instance();

  // Null when the limit or the machine does not allow it.
  void* allocate(uint64_t bytes);
  // False when no live allocation begins there.
  bool release(uint64_t address);

  void limit(uint64_t bytes) { limit_ = bytes; }
  uint64_t limit() const { return limit_; }
  uint64_t allocatedBytes() const { return allocated_; }

  // Is [address, address + bytes) inside one live allocation?
  bool contains(uint64_t address, uint64_t bytes) const {
    uint64_t place = address - base_;
    if (place >= SPAN) return false;
    const Range& range = ranges_[owners_[place / PIECE]];
    return address >= range.begin && address + bytes <= range.end && address + bytes >= address;
  }
  bool reserved(uint64_t address) const { return address - base_ < SPAN; }
  // Where an address lies, in words: for reports.
  std::string describe(uint64_t address) const;

  // Held shared by whoever uses memory and alone by whoever frees it.
  std::shared_mutex& lifetime() { return lifetime_; }

 private:
  struct Range {
    uint64_t begin;
    uint64_t end;  // == begin once freed
    uint64_t bytes;
  };

  static constexpr uint64_t SPAN = uint64_t{1} << 44;
  static constexpr uint64_t PIECE = uint64_t{1} << 16;

  DeviceMemory();

  std::mutex mutex_;
  std::shared_mutex lifetime_;
  uint64_t base_;
  uint64_t used_ = 0;
  uint32_t count_ = 1;  // range 0 is nobody's and empty
  uint32_t* owners_;    // of each piece
  Range* ranges_;
  std::atomic<uint64_t> allocated_ = 0;
  std::atomic<uint64_t> limit_ = UINT64_MAX;
};

}  // namespace emulated
