// The CPU twin of the Hopper section of kernels/include/device.cuh: every name of it, with the same arguments.
#pragma once

#include "emulated_device.hpp"
#include "hopper_units.hpp"

struct alignas(64) TensorMap {
  unsigned char bytes[128];
};

// ---- Registers and proxies --------------------------------------------------------------------------------------------------

template <int COUNT>
void decreaseRegisters(emulated::Site site = emulated::Site::current()) {
  emulated::HopperUnits::ofBlock().registers.set(COUNT, false, site);
}
template <int COUNT>
void increaseRegisters(emulated::Site site = emulated::Site::current()) {
  emulated::HopperUnits::ofBlock().registers.set(COUNT, true, site);
}

DEVICE void fenceProxyAsync() { emulated::HopperUnits::ofBlock().proxies.fence(*emulated::current); }

// ---- Transaction barriers ---------------------------------------------------------------------------------------------------

namespace emulated {

inline uint32_t barrierPlace(const Shared<uint64_t>& barriers, int i, const Site& site) {
  return current->block->shared->offsetOf(barriers.place(i, sizeof(uint64_t), "mbarrier uses", site));
}

}  // namespace emulated

DEVICE void barrierInit(Shared<uint64_t> barriers, int i, int arrivals, emulated::Site site = emulated::Site::current()) {
  emulated::HopperUnits::ofBlock().barriers.init(emulated::barrierPlace(barriers, i, site), arrivals, site);
}
DEVICE void barrierInitFence() { emulated::HopperUnits::ofBlock().barriers.fenceInit(); }
DEVICE void barrierArrive(Shared<uint64_t> barriers, int i, emulated::Site site = emulated::Site::current()) {
  emulated::HopperUnits::ofBlock().barriers.arrive(emulated::barrierPlace(barriers, i, site), site);
}
DEVICE void barrierArriveExpect(Shared<uint64_t> barriers, int i, int bytes, emulated::Site site = emulated::Site::current()) {
  emulated::HopperUnits::ofBlock().barriers.arriveExpect(emulated::barrierPlace(barriers, i, site), bytes, site);
}
DEVICE void barrierWait(Shared<uint64_t> barriers, int i, int parity, emulated::Site site = emulated::Site::current()) {
  emulated::HopperUnits::ofBlock().barriers.wait(emulated::barrierPlace(barriers, i, site), parity, site);
}

// ---- Bulk copies of tensor boxes --------------------------------------------------------------------------------------------

DEVICE void prefetchTensorMap(const TensorMap&) {}

template <typename T>
void copyBoxAsync(Shared<T> to, int i, const TensorMap& map, int x, int y, int z, Shared<uint64_t> barriers, int b,
                  emulated::Site site = emulated::Site::current()) {
  uint32_t bytes = emulated::HopperUnits::boxBytes(&map, sizeof(T), site);
  uint32_t place = emulated::current->block->shared->offsetOf(to.place(i, bytes, "bulk copy writes", site));
  emulated::HopperUnits::ofBlock().copyBox(place, &map, {x, y, z}, emulated::barrierPlace(barriers, b, site), site);
}

// ---- Products of a warpgroup ------------------------------------------------------------------------------------------------

namespace emulated {

template <typename Registers>
RegisterRange rangeOf(Registers& registers) {
  return {&registers, sizeof(registers)};
}

}  // namespace emulated

template <typename A>
void productFence(A& a, emulated::Site site = emulated::Site::current()) {
  emulated::HopperUnits::ofBlock().products.fence({emulated::rangeOf(a)}, site);
}
template <typename A, typename B>
  requires std::is_array_v<B>
void productFence(A& a, B& b, emulated::Site site = emulated::Site::current()) {
  emulated::HopperUnits::ofBlock().products.fence({emulated::rangeOf(a), emulated::rangeOf(b)}, site);
}
// Nothing named: for ptxas alone.
inline void productFence(emulated::Site site = emulated::Site::current()) { emulated::HopperUnits::ofBlock().products.fence({}, site); }
DEVICE void productCommit(emulated::Site site = emulated::Site::current()) { emulated::HopperUnits::ofBlock().products.commit(site); }
template <int PENDING, typename A>
void productWait(A& a, emulated::Site site = emulated::Site::current()) {
  emulated::HopperUnits::ofBlock().products.wait(PENDING, {emulated::rangeOf(a)}, site);
}
template <int PENDING, typename A, typename B>
  requires std::is_array_v<B>
void productWait(A& a, B& b, emulated::Site site = emulated::Site::current()) {
  emulated::HopperUnits::ofBlock().products.wait(PENDING, {emulated::rangeOf(a), emulated::rangeOf(b)}, site);
}

// Nothing named: no registers are used before another wait.
template <int PENDING>
void productWait(emulated::Site site = emulated::Site::current()) {
  emulated::HopperUnits::ofBlock().products.wait(PENDING, {}, site);
}

namespace emulated {

template <int REGISTERS>
void issueShared(float (&d)[REGISTERS], ProductElement element, uint64_t a, uint64_t b, bool accumulate, const Site& site) {
  HopperUnits::ofBlock().products.issue({d, nullptr, a, b, accumulate}, element, 2 * REGISTERS, false, site);
}

}  // namespace emulated

DEVICE void productShared(float (&d)[32], uint64_t a, uint64_t b, bool accumulate, emulated::Site site = emulated::Site::current()) {
  emulated::issueShared(d, emulated::ProductElement::F16, a, b, accumulate, site);
}
DEVICE void productShared(float (&d)[48], uint64_t a, uint64_t b, bool accumulate, emulated::Site site = emulated::Site::current()) {
  emulated::issueShared(d, emulated::ProductElement::F16, a, b, accumulate, site);
}
DEVICE void productShared(float (&d)[64], uint64_t a, uint64_t b, bool accumulate, emulated::Site site = emulated::Site::current()) {
  emulated::issueShared(d, emulated::ProductElement::F16, a, b, accumulate, site);
}
DEVICE void productShared(float (&d)[96], uint64_t a, uint64_t b, bool accumulate, emulated::Site site = emulated::Site::current()) {
  emulated::issueShared(d, emulated::ProductElement::F16, a, b, accumulate, site);
}
DEVICE void productSharedE4m3(float (&d)[32], uint64_t a, uint64_t b, bool accumulate, emulated::Site site = emulated::Site::current()) {
  emulated::issueShared(d, emulated::ProductElement::E4M3, a, b, accumulate, site);
}
DEVICE void productSharedE4m3(float (&d)[64], uint64_t a, uint64_t b, bool accumulate, emulated::Site site = emulated::Site::current()) {
  emulated::issueShared(d, emulated::ProductElement::E4M3, a, b, accumulate, site);
}
DEVICE void productSharedE4m3(float (&d)[96], uint64_t a, uint64_t b, bool accumulate, emulated::Site site = emulated::Site::current()) {
  emulated::issueShared(d, emulated::ProductElement::E4M3, a, b, accumulate, site);
}
DEVICE void productRegisters(float (&d)[32], const uint32_t (&a)[4], uint64_t b, bool accumulate,
                             emulated::Site site = emulated::Site::current()) {
  emulated::HopperUnits::ofBlock().products.issue({d, a, 0, b, accumulate}, emulated::ProductElement::F16, 64, true, site);
}
DEVICE void productRegisters(float (&d)[36], const uint32_t (&a)[4], uint64_t b, bool accumulate,
                             emulated::Site site = emulated::Site::current()) {
  emulated::HopperUnits::ofBlock().products.issue({d, a, 0, b, accumulate}, emulated::ProductElement::F16, 72, true, site);
}

// The order is the hardware's matter; that the kernel would stop is ours.
DEVICE void computeBeforeWait(float nonNegative, emulated::Site site = emulated::Site::current()) {
  if (nonNegative < 0.0f) {
    emulated::fail(*emulated::current, site, "computeBeforeWait of a negative value, which stops the kernel");
  }
}
