#include "shared_memory.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

#include "hopper_units.hpp"
#include "text.hpp"

namespace emulated {

namespace {

// As device.cuh declares it.
constexpr size_t BASE_ALIGNMENT = 1024;

}  // namespace

SharedMemory::SharedMemory() : bytes_(static_cast<unsigned char*>(std::aligned_alloc(BASE_ALIGNMENT, MAX_SHARED_BYTES))) {
  if (bytes_ == nullptr) throw std::bad_alloc();
}

SharedMemory::~SharedMemory() { std::free(bytes_); }

void SharedMemory::begin(Block& block) {
  block_ = &block;
  std::memset(bytes_, 0xff, block.sharedBytes);
  history_.begin(block);
}

void SharedMemory::read(const void* address, uint32_t bytes, const Site& site) {
  require(address, bytes, bytes, "reads", site);
  history_.read(*current, offsetOf(address), bytes, site);
}

void SharedMemory::write(const void* address, uint32_t bytes, const Site& site) {
  require(address, bytes, bytes, "writes", site);
  history_.write(*current, offsetOf(address), bytes, site);
  if (block_->hopper != nullptr) block_->hopper->proxies.wrote(*current, offsetOf(address), bytes, site);
}

unsigned char* SharedMemory::view(int offset, int64_t bytes, uint32_t alignment, const Site& site) const {
  if (offset < 0 || bytes < 0 || offset + bytes > block_->sharedBytes) {
    fail(*current, site,
         text("a view of ", bytes, " bytes from byte ", offset, " of shared memory on, the launch asked for ", block_->sharedBytes, " bytes"));
  }
  if (offset % alignment != 0) {
    fail(*current, site, text("misaligned: a view from byte ", offset, " on, expected a multiple of ", alignment));
  }
  return bytes_ + offset;
}

void SharedMemory::require(const void* address, uint32_t bytes, uint32_t alignment, const char* verb, const Site& site) const {
  int64_t offset = static_cast<const unsigned char*>(address) - bytes_;
  if (offset < 0 || offset + bytes > block_->sharedBytes) {
    fail(*current, site,
         text(verb, " ", bytes, " bytes at byte ", offset, " of shared memory, the launch asked for ", block_->sharedBytes, " bytes"));
  }
  if (offset % alignment != 0) {
    fail(*current, site,
         text("misaligned: ", verb, " ", bytes, " bytes at byte ", offset, " of shared memory, expected a multiple of ", alignment));
  }
}

}  // namespace emulated
