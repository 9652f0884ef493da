#include "device_memory.hpp"

#include <sys/mman.h>

#include <cstring>
#include <new>

#include "text.hpp"

namespace emulated {

namespace {

constexpr uint64_t PAGE = 4096;
// cuMemAlloc promises 256 bytes: allocations begin at an address that is aligned to no more, so that nothing can rely on more.
constexpr uint64_t ALIGNMENT = 256;

// Anywhere, or in place of what is at `at`.
void* reserve(uint64_t bytes, int protection, void* at = nullptr) {
  int fixed = at == nullptr ? 0 : MAP_FIXED;
  void* memory = mmap(at, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return memory;
}

}  // namespace

// Never destroyed: threads of the process may still be at work while it exits.
DeviceMemory& DeviceMemory::instance() {
  static DeviceMemory& memory = *new DeviceMemory();
  return memory;
}

DeviceMemory::DeviceMemory()
    : base_(reinterpret_cast<uint64_t>(reserve(SPAN, PROT_NONE))),
      owners_(static_cast<uint32_t*>(reserve(SPAN / PIECE * sizeof(uint32_t), PROT_READ | PROT_WRITE))),
      ranges_(static_cast<Range*>(reserve(SPAN / PIECE * sizeof(Range), PROT_READ | PROT_WRITE))) {}

void* DeviceMemory::allocate(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  // A page of nobody's on either side at least.
  uint64_t span = (PAGE + ALIGNMENT + bytes + PAGE + PIECE - 1) / PIECE * PIECE;
  if (bytes > SPAN || span > SPAN - used_ || allocated_ + bytes > limit_) return nullptr;
  uint64_t first = base_ + used_ + PAGE;
  uint64_t begin = first + ALIGNMENT;
  uint64_t length = (begin + bytes - first + PAGE - 1) / PAGE * PAGE;
  if (mprotect(reinterpret_cast<void*>(first), length, PROT_READ | PROT_WRITE) != 0) return nullptr;
  // Not a number in every format: what was never written shows.
  std::memset(reinterpret_cast<void*>(begin), 0xff, bytes);
  ranges_[count_] = {begin, begin + bytes, bytes};
  for (uint64_t piece = used_ / PIECE; piece < (used_ + span) / PIECE; piece++) owners_[piece] = count_;
  count_++;
  used_ += span;
  allocated_ += bytes;
  return reinterpret_cast<void*>(begin);
}

bool DeviceMemory::release(uint64_t address) {
  std::unique_lock alone(lifetime_);
  std::lock_guard lock(mutex_);
  if (!reserved(address)) return false;
  Range& range = ranges_[owners_[(address - base_) / PIECE]];
  if (range.begin != address || range.end == range.begin) return false;
  uint64_t first = address - ALIGNMENT;
  uint64_t length = (range.end - first + PAGE - 1) / PAGE * PAGE;
  // Gives the pages back and keeps the addresses.
  reserve(length, PROT_NONE, reinterpret_cast<void*>(first));
  allocated_ -= range.bytes;
  range.end = range.begin;
  return true;
}

std::string DeviceMemory::describe(uint64_t address) const {
  if (!reserved(address)) return "no device memory";
  const Range& range = ranges_[owners_[(address - base_) / PIECE]];
  if (range.bytes == 0) return "device memory that was never allocated";
  if (range.end == range.begin) return text("a freed allocation of ", range.bytes, " bytes");
  if (address < range.begin) return text(range.begin - address, " bytes before an allocation of ", range.bytes, " bytes");
  if (address >= range.end) return text(address - range.end, " bytes past the end of an allocation of ", range.bytes, " bytes");
  return text("byte ", address - range.begin, " of an allocation of ", range.bytes, " bytes");
}

}  // namespace emulated
