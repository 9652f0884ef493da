// The device layer: everything that a kernel does beyond plain arithmetic, under one set of names.
//
// nvcc sees thin wrappers over CUDA and inline PTX: this file and hopper.cuh are the only ones with inline PTX.
// Any other compiler sees their twin in native/emulator, where every access to memory is checked and reported with the line that made
// it. Kernels are written once, against these names.
//
//   KERNEL(name, Arguments, threads, minBlocks) { ... }   an entry point; `args` is its one parameter, a plain struct
//   Global<T>, Shared<T>      views of memory; elements by index, vectors of 4, 8 or 16 bytes by the index of their first element
//   sharedArray<T>(offset, n) a view of the block's dynamic shared memory, from a byte offset on
//   threadIdx, blockIdx, ...  as in CUDA
//
// Indices are in elements, never in bytes. A vector access must be aligned to its size: the emulator reports one that is not.
#pragma once

#include <cstdint>

#if defined(__CUDACC__)

#include <cuda_fp16.h>

#define DEVICE __device__ __forceinline__
// One struct by value: the host fills it as bytes, and a descriptor inside it keeps its address in parameter space.
#define KERNEL(name, Arguments, threads, minBlocks) \
  extern "C" __global__ void __launch_bounds__(threads, minBlocks) name(const __grid_constant__ Arguments args)

using f16 = __half;

constexpr int WARP = 32;
constexpr uint32_t ALL_LANES = 0xffffffffu;

// ---- Values -----------------------------------------------------------------------------------------------------------------

DEVICE float toFloat(f16 value) { return __half2float(value); }
DEVICE float toFloat(float value) { return value; }
// Round to nearest even, as all conversions here.
DEVICE f16 toHalf(float value) { return __float2half_rn(value); }

// Two floats as two f16 in one register, `low` in the lower half.
DEVICE uint32_t packHalves(float low, float high) {
  __half2 pair = __floats2half2_rn(low, high);
  return *reinterpret_cast<uint32_t*>(&pair);
}

// The bits of a float, and back.
DEVICE uint32_t floatBits(float value) { return __float_as_uint(value); }
DEVICE float bitsFloat(uint32_t bits) { return __uint_as_float(bits); }

// 2^x, at most 2^-22 relative error; subnormal results are zero.
DEVICE float exp2Approximate(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

// N consecutive elements in registers.
template <typename T, int N>
struct alignas(N * sizeof(T)) Vector {
  T values[N];
  DEVICE T& operator[](int i) { return values[i]; }
  DEVICE const T& operator[](int i) const { return values[i]; }
};

// ---- Memory -----------------------------------------------------------------------------------------------------------------

// Elements of T in global memory. Eight bytes, so that the host can fill it with an address; a zero address is "none".
template <typename T>
struct Global {
  T* address;

  DEVICE bool present() const { return address != nullptr; }
  DEVICE T get(int64_t i) const { return address[i]; }
  DEVICE void set(int64_t i, T value) const { address[i] = value; }

  template <int N>
  DEVICE Vector<T, N> load(int64_t i) const {
    return *reinterpret_cast<const Vector<T, N>*>(address + i);
  }
  template <int N>
  DEVICE void store(int64_t i, const Vector<T, N>& value) const {
    *reinterpret_cast<Vector<T, N>*>(address + i) = value;
  }
  // Largest of what is there and `value`, which must not be negative: such floats order as their bits do.
  DEVICE void atomicMaxNonNegative(int64_t i, float value) const {
    ::atomicMax(reinterpret_cast<int*>(address + i), __float_as_int(value));
  }
};

// A view of the block's dynamic shared memory.
template <typename T>
struct Shared {
  T* address;

  DEVICE T get(int i) const { return address[i]; }
  DEVICE void set(int i, T value) const { address[i] = value; }
  template <int N>
  DEVICE Vector<T, N> load(int i) const {
    return *reinterpret_cast<const Vector<T, N>*>(address + i);
  }
  template <int N>
  DEVICE void store(int i, const Vector<T, N>& value) const {
    *reinterpret_cast<Vector<T, N>*>(address + i) = value;
  }
  // 32-bit address in the shared window, as PTX wants it.
  DEVICE uint32_t pointer(int i) const { return static_cast<uint32_t>(__cvta_generic_to_shared(address + i)); }
};

extern __shared__ __align__(1024) unsigned char dynamicSharedMemory[];

// `count` elements from byte `offset` on; offsets are the kernel's own plan. The emulator checks every access against `count`.
template <typename T>
DEVICE Shared<T> sharedArray(int offset, int count) {
  return Shared<T>{reinterpret_cast<T*>(dynamicSharedMemory + offset)};
}

// ---- Threads ----------------------------------------------------------------------------------------------------------------

DEVICE void syncThreads() { __syncthreads(); }
DEVICE void syncWarp() { __syncwarp(); }
DEVICE float shuffleXor(float value, int mask) { return __shfl_xor_sync(ALL_LANES, value, mask); }
DEVICE int shuffleXor(int value, int mask) { return __shfl_xor_sync(ALL_LANES, value, mask); }
DEVICE float shuffle(float value, int lane) { return __shfl_sync(ALL_LANES, value, lane); }
DEVICE int shuffle(int value, int lane) { return __shfl_sync(ALL_LANES, value, lane); }
DEVICE uint32_t voteMask(bool value) { return __ballot_sync(ALL_LANES, value); }
DEVICE int bitCount(uint32_t bits) { return __popc(bits); }

// Barrier `id` (1 to 15) of `threads` threads, a multiple of the warp: waits for all of them.
DEVICE void namedBarrierSync(int id, int threads) { asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory"); }
// Counts for the barrier without waiting.
DEVICE void namedBarrierArrive(int id, int threads) { asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory"); }

// ---- Asynchronous copies, sm_80 ---------------------------------------------------------------------------------------------

// 16 bytes from global to shared memory, past the registers; zeros where `valid` is false (then nothing is read).
template <typename T>
DEVICE void copyAsync16(Shared<T> to, int i, Global<T> from, int64_t j, bool valid) {
  int bytes = valid ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to.pointer(i)), "l"(from.address + (valid ? j : 0)), "r"(bytes)
               : "memory");
}
DEVICE void copyAsyncCommit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
// Waits until at most PENDING of this thread's latest groups are under way. Other threads see the data after a barrier.
template <int PENDING>
DEVICE void copyAsyncWait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}

// ---- Tensor cores, sm_80 ----------------------------------------------------------------------------------------------------
// Fragments of mma.m16n8k16 (f16 in, f32 sums), lane l, g = l / 4, t = l % 4:
//   a[0] = A[g][2t..], a[1] = A[g+8][2t..], a[2] = A[g][2t+8..], a[3] = A[g+8][2t+8..]
//   b[0] = B[2t..][g], b[1] = B[2t+8..][g];   d[0..1] = D[g][2t..], d[2..3] = D[g+8][2t..]

// Four 8x8 matrices; lane l gives the address of row l % 8 of matrix l / 8. r[m]: row g, columns 2t and 2t + 1 of matrix m.
DEVICE void loadMatrix4(uint32_t (&r)[4], Shared<f16> from, int row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(from.pointer(row))
               : "memory");
}
// The same, each matrix transposed on the way.
DEVICE void loadMatrix4Transposed(uint32_t (&r)[4], Shared<f16> from, int row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(from.pointer(row))
               : "memory");
}
// Two matrices, from the addresses of lanes 0 to 15.
DEVICE void loadMatrix2(uint32_t (&r)[2], Shared<f16> from, int row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(from.pointer(row))
               : "memory");
}
DEVICE void loadMatrix2Transposed(uint32_t (&r)[2], Shared<f16> from, int row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(from.pointer(row))
               : "memory");
}

// d += a * b.
DEVICE void mma16816(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// The same over 8 columns of A (mma.m16n8k8): a[0], a[1], b and d are laid out as a[0], a[1], b[0] and d of m16n8k16.
DEVICE void mma1688(float (&d)[4], const uint32_t (&a)[2], uint32_t b) {
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(b));
}

#else

// The twin: the same names, computed and checked on the CPU.
#include "emulated_device.hpp"

#endif
