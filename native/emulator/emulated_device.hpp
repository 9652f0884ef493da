// The CPU twin of kernels/include/device.cuh: every name of it, with the same arguments. Calls carry the place they stand at (a
// defaulted std::source_location), so that a report names the kernel's own line.
#pragma once

#if !defined(__AVX2__) || !defined(__FMA__) || !defined(__F16C__)
#error "the emulator is built for x86-64 with AVX2, FMA and F16C (-march=x86-64-v3)"
#endif

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "async_copy.hpp"
#include "device_memory.hpp"
#include "launch.hpp"
#include "scheduler.hpp"
#include "shared_memory.hpp"
#include "tensor_core.hpp"
#include "text.hpp"

#define DEVICE inline __attribute__((always_inline))
#define __device__
#define __forceinline__ inline __attribute__((always_inline))

#define LAUNCH_FACT(kernel, name, value) static const emulated::FactRegistration emulated_fact_##kernel##_##name{#kernel, #name, value};

#define KERNEL(name, Arguments, threads, minBlocks)                                                          \
  static void emulated_##name(const Arguments& args);                                                        \
  static const emulated::KernelRegistration emulated_registration_##name{                                    \
      #name, sizeof(Arguments), threads, [](const void* a) { emulated_##name(*static_cast<const Arguments*>(a)); }}; \
  static_assert((minBlocks) >= 1);                                                                           \
  static void emulated_##name([[maybe_unused]] const Arguments& args)

using f16 = _Float16;

constexpr int WARP = 32;
constexpr uint32_t ALL_LANES = 0xffffffffu;

// ---- Names of CUDA C++ ------------------------------------------------------------------------------------------------------

#define threadIdx (emulated::current->index)
#define blockIdx (emulated::current->block->index)
#define blockDim (emulated::current->block->dimensions)
#define gridDim (emulated::current->block->grid)

struct alignas(8) int2 {
  int x, y;
};
struct alignas(16) int4 {
  int x, y, z, w;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
DEVICE int2 make_int2(int x, int y) { return {x, y}; }
DEVICE int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }
DEVICE uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
DEVICE uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
DEVICE float2 make_float2(float x, float y) { return {x, y}; }
DEVICE float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

template <typename A, typename B>
  requires std::is_arithmetic_v<A> && std::is_arithmetic_v<B>
constexpr std::common_type_t<A, B> min(A a, B b) {
  using T = std::common_type_t<A, B>;
  return static_cast<T>(b) < static_cast<T>(a) ? static_cast<T>(b) : static_cast<T>(a);
}
template <typename A, typename B>
  requires std::is_arithmetic_v<A> && std::is_arithmetic_v<B>
constexpr std::common_type_t<A, B> max(A a, B b) {
  using T = std::common_type_t<A, B>;
  return static_cast<T>(a) < static_cast<T>(b) ? static_cast<T>(b) : static_cast<T>(a);
}

using std::isfinite;
using std::isinf;
using std::isnan;

DEVICE int __float_as_int(float value) { return std::bit_cast<int>(value); }
DEVICE float __int_as_float(int bits) { return std::bit_cast<float>(bits); }
DEVICE unsigned __float_as_uint(float value) { return std::bit_cast<unsigned>(value); }
DEVICE float __uint_as_float(unsigned bits) { return std::bit_cast<float>(bits); }
// Built with -ffp-contract=off: nothing is fused but what says so.
DEVICE float __fadd_rn(float a, float b) { return a + b; }
DEVICE float __fmul_rn(float a, float b) { return a * b; }
DEVICE float __fmaf_rn(float a, float b, float c) { return std::fmaf(a, b, c); }
DEVICE float __fdiv_rn(float a, float b) { return a / b; }
DEVICE float __fsqrt_rn(float a) { return std::sqrt(a); }

namespace emulated {
// ASSUMPTION: rounded once from double. CUDA's rsqrtf errs by up to 2 units in the last place.
DEVICE float reciprocalSquareRoot(float value) { return static_cast<float>(1.0 / std::sqrt(static_cast<double>(value))); }
}  // namespace emulated
// Newer C libraries declare the name themselves.
#define rsqrtf ::emulated::reciprocalSquareRoot

// ---- Values -----------------------------------------------------------------------------------------------------------------

DEVICE float toFloat(f16 value) { return static_cast<float>(value); }
DEVICE float toFloat(float value) { return value; }
DEVICE f16 toHalf(float value) { return static_cast<f16>(value); }

DEVICE uint32_t packHalves(float low, float high) {
  return std::bit_cast<uint16_t>(toHalf(low)) | static_cast<uint32_t>(std::bit_cast<uint16_t>(toHalf(high))) << 16;
}

DEVICE f16 lowHalf(uint32_t pair) { return std::bit_cast<f16>(static_cast<uint16_t>(pair)); }
DEVICE f16 highHalf(uint32_t pair) { return std::bit_cast<f16>(static_cast<uint16_t>(pair >> 16)); }

DEVICE uint32_t floatBits(float value) { return std::bit_cast<uint32_t>(value); }
DEVICE float bitsFloat(uint32_t bits) { return std::bit_cast<float>(bits); }

// ASSUMPTION: the C library's exp2f, which errs by less than the manual's 2^-22 that ex2.approx may. Subnormal results are flushed, as
// .ftz says.
DEVICE float exp2Approximate(float x) {
  float result = std::exp2(x);
  return result < std::numeric_limits<float>::min() ? 0.0f : result;
}

DEVICE float maxOrNaN(float a, float b) { return isnan(a) || isnan(b) ? std::numeric_limits<float>::quiet_NaN() : a > b ? a : b; }

template <typename T, int N>
struct alignas(N * sizeof(T)) Vector {
  T values[N];
  DEVICE T& operator[](int i) { return values[i]; }
  DEVICE const T& operator[](int i) const { return values[i]; }
};

// ---- Memory -----------------------------------------------------------------------------------------------------------------

namespace emulated {

[[noreturn]] void reportGlobal(uint64_t address, uint32_t bytes, uint32_t alignment, const char* verb, const Site& site);

inline void requireGlobal(uint64_t address, uint32_t bytes, uint32_t alignment, const char* verb, const Site& site) {
  static const DeviceMemory& memory = DeviceMemory::instance();
  if (!memory.contains(address, bytes) || address % alignment != 0) reportGlobal(address, bytes, alignment, verb, site);
}

}  // namespace emulated

template <typename T>
struct Global {
  using Site = emulated::Site;

  T* address;

  DEVICE bool present() const { return address != nullptr; }
  T get(int64_t i, Site site = Site::current()) const { return read<T>(i, site); }
  void set(int64_t i, T value, Site site = Site::current()) const { write(i, value, site); }

  template <int N>
  Vector<T, N> load(int64_t i, Site site = Site::current()) const {
    return read<Vector<T, N>>(i, site);
  }
  template <int N>
  void store(int64_t i, const Vector<T, N>& value, Site site = Site::current()) const {
    write(i, value, site);
  }
  void atomicMaxNonNegative(int64_t i, float value, Site site = Site::current()) const {
    static_assert(sizeof(T) == sizeof(int));
    emulated::requireGlobal(at(i), sizeof(T), sizeof(T), "atomicMaxNonNegative on", site);
    std::atomic_ref<int> kept(*reinterpret_cast<int*>(address + i));
    int bits = __float_as_int(value), seen = kept;
    if (bits < 0) emulated::fail(*emulated::current, site, emulated::text("atomicMaxNonNegative of a negative value"));
    if (seen < 0) emulated::fail(*emulated::current, site, emulated::text("atomicMaxNonNegative on a negative value, or on memory that was never set"));
    while (bits > seen && !kept.compare_exchange_weak(seen, bits)) {
    }
  }

 private:
  // Not as a pointer: that may not leave its array.
  uint64_t at(int64_t i) const { return reinterpret_cast<uint64_t>(address) + static_cast<uint64_t>(i) * sizeof(T); }

  template <typename V>
  V read(int64_t i, const Site& site) const {
    emulated::requireGlobal(at(i), sizeof(V), alignof(V), "reads", site);
    V value;
    std::memcpy(&value, reinterpret_cast<const void*>(at(i)), sizeof(V));
    return value;
  }
  template <typename V>
  void write(int64_t i, const V& value, const Site& site) const {
    emulated::requireGlobal(at(i), sizeof(V), alignof(V), "writes", site);
    std::memcpy(reinterpret_cast<void*>(at(i)), &value, sizeof(V));
  }
};

template <typename T>
struct Shared {
  using Site = emulated::Site;

  T* address;
  // Elements of the view; one made from an address alone ends with the block's shared memory.
  int count = std::numeric_limits<int>::max();

  T get(int i, Site site = Site::current()) const { return read<T>(i, site); }
  void set(int i, T value, Site site = Site::current()) const { write(i, value, site); }
  template <int N>
  Vector<T, N> load(int i, Site site = Site::current()) const {
    return read<Vector<T, N>>(i, site);
  }
  template <int N>
  void store(int i, const Vector<T, N>& value, Site site = Site::current()) const {
    write(i, value, site);
  }
  uint32_t pointer(int i) const { return emulated::current->block->shared->offsetOf(address) + static_cast<uint32_t>(i) * sizeof(T); }

  // Address of element i, of which `bytes` bytes will be used, inside the view.
  T* place(int i, uint32_t bytes, const char* verb, const Site& site) const {
    if (i < 0 || i + static_cast<int64_t>((bytes + sizeof(T) - 1) / sizeof(T)) > count) {
      emulated::fail(*emulated::current, site,
                     emulated::text(verb, " ", bytes, " bytes at element ", i, " of a view of ", count, " elements of shared memory"));
    }
    return address + i;
  }

 private:
  // One access to memory: 1, 2, 4, 8 or 16 bytes, aligned to as many.
  template <typename V>
  static constexpr bool ONE_ACCESS = sizeof(V) <= 16 && std::has_single_bit(sizeof(V)) && alignof(V) == sizeof(V);

  template <typename V>
  V read(int i, const Site& site) const {
    static_assert(ONE_ACCESS<V>);
    const T* from = place(i, sizeof(V), "reads", site);
    emulated::current->block->shared->read(from, sizeof(V), site);
    V value;
    std::memcpy(&value, from, sizeof(V));
    return value;
  }
  template <typename V>
  void write(int i, const V& value, const Site& site) const {
    static_assert(ONE_ACCESS<V>);
    T* to = place(i, sizeof(V), "writes", site);
    emulated::current->block->shared->write(to, sizeof(V), site);
    std::memcpy(to, &value, sizeof(V));
  }
};

template <typename T>
Shared<T> sharedArray(int offset, int count, emulated::Site site = emulated::Site::current()) {
  T* address = reinterpret_cast<T*>(emulated::current->block->shared->view(offset, static_cast<int64_t>(count) * sizeof(T), alignof(T), site));
  return {address, count};
}

// ---- Threads ----------------------------------------------------------------------------------------------------------------

DEVICE void syncThreads(emulated::Site site = emulated::Site::current()) { emulated::syncBlock(site); }
DEVICE void syncWarp(emulated::Site site = emulated::Site::current()) { emulated::syncLanes(site); }

namespace emulated {

template <typename T>
struct Exchange {
  T value;
  int of;  // mask or lane
  T result;
};

template <typename T>
T exchangeXor(T value, int mask, const Site& site) {
  if (mask < 0 || mask >= LANES) fail(*current, site, text("shuffleXor with mask ", mask, ", expected 0 to ", LANES - 1));
  Exchange<T> mine{value, mask, {}};
  current->warp->meet("shuffleXor", site, &mine, [](void** all) {
    for (int i = 0; i < LANES; i++) {
      Exchange<T>& each = *static_cast<Exchange<T>*>(all[i]);
      each.result = static_cast<Exchange<T>*>(all[i ^ each.of])->value;
    }
  });
  return mine.result;
}

template <typename T>
T exchange(T value, int lane, const Site& site) {
  if (lane < 0 || lane >= LANES) fail(*current, site, text("shuffle from lane ", lane, ", expected 0 to ", LANES - 1));
  Exchange<T> mine{value, lane, {}};
  current->warp->meet("shuffle", site, &mine, [](void** all) {
    for (int i = 0; i < LANES; i++) {
      Exchange<T>& each = *static_cast<Exchange<T>*>(all[i]);
      each.result = static_cast<Exchange<T>*>(all[each.of])->value;
    }
  });
  return mine.result;
}

inline uint32_t vote(bool value, const Site& site) {
  Exchange<uint32_t> mine{value, 0, 0};
  current->warp->meet("voteMask", site, &mine, [](void** all) {
    uint32_t mask = 0;
    for (int i = 0; i < LANES; i++) mask |= static_cast<Exchange<uint32_t>*>(all[i])->value << i;
    for (int i = 0; i < LANES; i++) static_cast<Exchange<uint32_t>*>(all[i])->result = mask;
  });
  return mine.result;
}

}  // namespace emulated

DEVICE float shuffleXor(float value, int mask, emulated::Site site = emulated::Site::current()) { return emulated::exchangeXor(value, mask, site); }
DEVICE int shuffleXor(int value, int mask, emulated::Site site = emulated::Site::current()) { return emulated::exchangeXor(value, mask, site); }
DEVICE float shuffle(float value, int lane, emulated::Site site = emulated::Site::current()) { return emulated::exchange(value, lane, site); }
DEVICE int shuffle(int value, int lane, emulated::Site site = emulated::Site::current()) { return emulated::exchange(value, lane, site); }
DEVICE uint32_t voteMask(bool value, emulated::Site site = emulated::Site::current()) { return emulated::vote(value, site); }
DEVICE int bitCount(uint32_t bits) { return std::popcount(bits); }

DEVICE void namedBarrierSync(int id, int threads, emulated::Site site = emulated::Site::current()) { emulated::syncBarrier(id, threads, site); }
DEVICE void namedBarrierArrive(int id, int threads, emulated::Site site = emulated::Site::current()) {
  emulated::arriveAtBarrier(id, threads, site);
}

// ---- Asynchronous copies ----------------------------------------------------------------------------------------------------

template <typename T>
void copyAsync16(Shared<T> to, int i, Global<T> from, int64_t j, bool valid, emulated::Site site = emulated::Site::current()) {
  const T* source = nullptr;
  if (valid) {
    uint64_t address = reinterpret_cast<uint64_t>(from.address) + static_cast<uint64_t>(j) * sizeof(T);
    emulated::requireGlobal(address, emulated::COPY_BYTES, emulated::COPY_BYTES, "copyAsync16 reads", site);
    source = reinterpret_cast<const T*>(address);
  }
  emulated::startCopy(to.place(i, emulated::COPY_BYTES, "copyAsync16 writes", site), source, site);
}
DEVICE void copyAsyncCommit() { emulated::commitCopies(); }
template <int PENDING>
DEVICE void copyAsyncWait() {
  static_assert(PENDING >= 0);
  emulated::waitForCopies(PENDING);
}

// ---- Tensor cores -----------------------------------------------------------------------------------------------------------

namespace emulated {

// Lanes from 8 `matrices` on give no address.
inline void loadFrom(uint32_t* registers, int matrices, bool transposed, const Shared<f16>& from, int row, const Site& site) {
  const void* address = current->lane < 8 * matrices ? from.place(row, 16, "ldmatrix reads", site) : nullptr;
  loadMatrices(registers, matrices, transposed, address, site);
}

}  // namespace emulated

DEVICE void loadMatrix4(uint32_t (&r)[4], Shared<f16> from, int row, emulated::Site site = emulated::Site::current()) {
  emulated::loadFrom(r, 4, false, from, row, site);
}
DEVICE void loadMatrix4Transposed(uint32_t (&r)[4], Shared<f16> from, int row, emulated::Site site = emulated::Site::current()) {
  emulated::loadFrom(r, 4, true, from, row, site);
}
DEVICE void loadMatrix2(uint32_t (&r)[2], Shared<f16> from, int row, emulated::Site site = emulated::Site::current()) {
  emulated::loadFrom(r, 2, false, from, row, site);
}
DEVICE void loadMatrix2Transposed(uint32_t (&r)[2], Shared<f16> from, int row, emulated::Site site = emulated::Site::current()) {
  emulated::loadFrom(r, 2, true, from, row, site);
}

DEVICE void mma16816(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], emulated::Site site = emulated::Site::current()) {
  emulated::multiplyAdd16816(d, a, b, site);
}
DEVICE void mma1688(float (&d)[4], const uint32_t (&a)[2], uint32_t b, emulated::Site site = emulated::Site::current()) {
  emulated::multiplyAdd1688(d, a, b, site);
}
