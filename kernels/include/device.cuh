// The device layer: everything that a kernel does beyond plain arithmetic, under one set of names.
//
// nvcc sees thin wrappers over CUDA and inline PTX: this file is the only one with inline PTX. Any other compiler sees their twin in
// native/emulator, where every access to memory is checked and reported with the line that made it. Kernels are written once, against
// these names.
//
//   KERNEL(name, Arguments, threads, minBlocks) { ... }   an entry point; `args` is its one parameter, a plain struct
//   LAUNCH_FACT(kernel, name, value)   a number that the host needs to launch the kernel; kernels/build writes it to ptx/KERNELS.tsv
//   Global<T>, Shared<T>      views of memory; elements by index, vectors of 4, 8 or 16 bytes by the index of their first element
//   sharedArray<T>(offset, n) a view of the block's dynamic shared memory, from a byte offset on
//   threadIdx, blockIdx, ...  as in CUDA
//
// Indices are in elements, never in bytes. A vector access must be aligned to its size: the emulator reports one that is not.
#pragma once

#include <cstdint>

// How 16-byte pieces of 128-byte lines in shared memory are exchanged: piece p of line n is found at p ^ f(n), by address, so a tile must
// begin at a multiple of 8 rows' bytes. The values are those of a matrix descriptor, bits 62 and 63.
enum class Swizzle : uint64_t { BYTES_128 = 1, BYTES_64 = 2, BYTES_32 = 3 };

// Eight bits of floating point as the Open Compute Project's FP8 specification has them: sign, four bits of exponent (bias 7), three of
// fraction; largest 448, no infinities, not a number 0x7f and 0xff.
struct e4m3 {
  uint8_t bits;
};

#if defined(__CUDACC__)

#include <cuda_fp16.h>

#define DEVICE __device__ __forceinline__
// One struct by value: the host fills it as bytes, and a descriptor inside it keeps its address in parameter space.
#define KERNEL(name, Arguments, threads, minBlocks) \
  extern "C" __global__ void __launch_bounds__(threads, minBlocks) name(const __grid_constant__ Arguments args)
// A variable in the PTX, from where kernels/build takes it out again.
#define LAUNCH_FACT(kernel, name, value) \
  extern "C" {                           \
  __device__ int launch_fact_##kernel##__##name = value; \
  }

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

DEVICE f16 lowHalf(uint32_t pair) { return __ushort_as_half(static_cast<uint16_t>(pair)); }
DEVICE f16 highHalf(uint32_t pair) { return __ushort_as_half(static_cast<uint16_t>(pair >> 16)); }

// The bits of a float, and back.
DEVICE uint32_t floatBits(float value) { return __float_as_uint(value); }
DEVICE float bitsFloat(uint32_t bits) { return __uint_as_float(bits); }

// 2^x, at most 2^-22 relative error; subnormal results are zero.
DEVICE float exp2Approximate(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

// The larger one; not a number if one of them is not, unlike fmaxf.
DEVICE float maxOrNaN(float a, float b) {
  float result;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
  return result;
}

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 890
#define HAS_E4M3_CONVERSION
// Two e4m3, `low` in the lower byte. Round to nearest even; what is larger than 448 becomes 448, infinities too; not a number becomes 0x7f.
DEVICE uint16_t packE4m3(float low, float high) {
  uint16_t result;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(result) : "f"(high), "f"(low));
  return result;
}
// The same of two f16 in one register.
DEVICE uint16_t packE4m3(uint32_t halves) {
  uint16_t result;
  asm("cvt.rn.satfinite.e4m3x2.f16x2 %0, %1;" : "=h"(result) : "r"(halves));
  return result;
}
#endif

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

// ---- Hopper, sm_90a: transaction barriers, bulk copies of tensor boxes, products of a warpgroup -------------------------------
// Layouts and rules are those of the PTX ISA manual 8.0, sections mbarrier, cp.async.bulk.tensor, wgmma and setmaxnreg.
//
// Barrier i of a Shared<uint64_t> is in phase 0, 1, 2, ...; a phase is complete when its arrivals and the bytes that it expects have
// come. `parity` is a phase's number mod 2.
//
// A product is issued, committed and waited for. Until the wait, its accumulators and its A registers belong to the hardware. C++
// knows nothing of that: fence and wait name the registers, so that the compiler moves no access to them across.

// What the host's encoder wrote: opaque, and used where it lies, in parameter space.
struct alignas(64) TensorMap {
  unsigned char bytes[128];
};

// ---- Registers and proxies --------------------------------------------------------------------------------------------------

// Gives registers of all four warps of a warpgroup back, down to COUNT a thread, or waits for the block to have that many left.
template <int COUNT>
DEVICE void decreaseRegisters() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(COUNT));
}
template <int COUNT>
DEVICE void increaseRegisters() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(COUNT));
}

// Makes this thread's own writes to shared memory visible to products and bulk copies (the async proxy).
DEVICE void fenceProxyAsync() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

// ---- Transaction barriers ---------------------------------------------------------------------------------------------------

DEVICE void barrierInit(Shared<uint64_t> barriers, int i, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barriers.pointer(i)), "r"(arrivals) : "memory");
}
// After this thread's inits, before others use the barriers: bulk copies see them too.
DEVICE void barrierInitFence() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  fenceProxyAsync();
}

DEVICE void barrierArrive(Shared<uint64_t> barriers, int i) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barriers.pointer(i)) : "memory");
}
// Arrives, and lets the phase wait for `bytes` more of bulk copies.
DEVICE void barrierArriveExpect(Shared<uint64_t> barriers, int i, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barriers.pointer(i)), "r"(bytes) : "memory");
}
// Waits for the end of the current phase, if that has this parity; returns at once if the phase before had it.
DEVICE void barrierWait(Shared<uint64_t> barriers, int i, int parity) {
  uint32_t done;
  do {
    asm volatile(
        "{\n"
        ".reg .pred done;\n"
        "mbarrier.try_wait.parity.shared::cta.b64 done, [%1], %2;\n"
        "selp.u32 %0, 1, 0, done;\n"
        "}"
        : "=r"(done)
        : "r"(barriers.pointer(i)), "r"(parity)
        : "memory");
  } while (done == 0);
}

// ---- Bulk copies of tensor boxes --------------------------------------------------------------------------------------------

DEVICE void prefetchTensorMap(const TensorMap& map) { asm volatile("prefetch.tensormap [%0];" ::"l"(&map) : "memory"); }

// The box of a rank-3 tensor whose first element is (x, y, z), x innermost, to element `i` on of `to`; one thread asks for it. Its bytes,
// with those of elements outside of the tensor (zeros), count for barrier `b`.
template <typename T>
DEVICE void copyBoxAsync(Shared<T> to, int i, const TensorMap& map, int x, int y, int z, Shared<uint64_t> barriers, int b) {
  asm volatile(
      "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4}], [%5];" ::"r"(
          to.pointer(i)),
      "l"(&map), "r"(x), "r"(y), "r"(z), "r"(barriers.pointer(b))
      : "memory");
}

// ---- Products of a warpgroup ------------------------------------------------------------------------------------------------

template <int N>
DEVICE void holdRegisters(float (&registers)[N]) {
#pragma unroll
  for (int i = 0; i < N; i++) asm volatile("" : "+f"(registers[i])::"memory");
}
template <int M, int N>
DEVICE void holdRegisters(uint32_t (&registers)[M][N]) {
#pragma unroll
  for (int i = 0; i < M * N; i++) asm volatile("" : "+r"(registers[i / N][i % N])::"memory");
}

// Before the first product, and whenever these registers (accumulators or A) were written by other means than products of the same shape.
// One without registers is for ptxas, which wants a fence before each group of products in a loop.
template <typename... Registers>
DEVICE void productFence(Registers&... registers) {
  (holdRegisters(registers), ...);
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
DEVICE void productCommit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
// Waits until at most PENDING committed groups are under way; `registers` are those that this frees.
template <int PENDING, typename... Registers>
DEVICE void productWait(Registers&... registers) {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
  (holdRegisters(registers), ...);
}

#define REGISTERS_0_TO_31 \
  "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, " \
  "%24, %25, %26, %27, %28, %29, %30, %31"
#define REGISTERS_32_TO_63 \
  "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, " \
  "%54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define REGISTERS_64_TO_95 \
  "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, %80, %81, %82, %83, %84, %85, " \
  "%86, %87, %88, %89, %90, %91, %92, %93, %94, %95"
#define IN_OUT_4(d, i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define IN_OUT_8(d, i) IN_OUT_4(d, i), IN_OUT_4(d, i + 4)
#define IN_OUT_16(d, i) IN_OUT_8(d, i), IN_OUT_8(d, i + 8)
#define IN_OUT_32(d, i) IN_OUT_16(d, i), IN_OUT_16(d, i + 16)
// d = a b^T (+ d if `accumulate`) with both operands in shared memory, K innermost. `first`, `second` and `third` are the numbers of the
// operands behind the registers; `orders` says of f16 that K is innermost, other types have no choice. The rest is the registers as
// operands.
#define PRODUCT_OF_SHARED(shape, registers, first, second, third, orders, ...)                                                \
  asm volatile("{\n.reg .pred accumulate;\nsetp.ne.b32 accumulate, " third ", 0;\nwgmma.mma_async.sync.aligned." shape " {"    \
               registers "}, " first ", " second ", accumulate, 1, 1" orders ";\n}"                                            \
               : __VA_ARGS__                                                                                                    \
               : "l"(a), "l"(b), "r"(static_cast<int>(accumulate)))

// Accumulators of m64nNk16 and m64nNk32, in warp w of the warpgroup, lane l, g = l / 4, t = l % 4:
//   d[4j], d[4j+1] = D[16w + g][8j + 2t, + 1];   d[4j+2], d[4j+3] = D[16w + g + 8][8j + 2t, + 1]
// A in registers is laid out as for mma.m16n8k16, rows 16w on.

// d = a b^T (+ d if `accumulate`): f16, a [64, 16] and b [64, 16] in shared memory, both with K innermost.
DEVICE void productShared(float (&d)[32], uint64_t a, uint64_t b, bool accumulate) {
  PRODUCT_OF_SHARED("m64n64k16.f32.f16.f16", REGISTERS_0_TO_31, "%32", "%33", "%34", ", 0, 0", IN_OUT_32(d, 0));
}
// The same with b [96, 16].
DEVICE void productShared(float (&d)[48], uint64_t a, uint64_t b, bool accumulate) {
  PRODUCT_OF_SHARED("m64n96k16.f32.f16.f16",
                    REGISTERS_0_TO_31 ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47", "%48", "%49",
                    "%50", ", 0, 0", IN_OUT_32(d, 0), IN_OUT_16(d, 32));
}
// The same with b [128, 16].
DEVICE void productShared(float (&d)[64], uint64_t a, uint64_t b, bool accumulate) {
  PRODUCT_OF_SHARED("m64n128k16.f32.f16.f16", REGISTERS_0_TO_31 ", " REGISTERS_32_TO_63, "%64", "%65", "%66", ", 0, 0", IN_OUT_32(d, 0),
                    IN_OUT_32(d, 32));
}
// The same with b [192, 16].
DEVICE void productShared(float (&d)[96], uint64_t a, uint64_t b, bool accumulate) {
  PRODUCT_OF_SHARED("m64n192k16.f32.f16.f16", REGISTERS_0_TO_31 ", " REGISTERS_32_TO_63 ", " REGISTERS_64_TO_95, "%96", "%97", "%98",
                    ", 0, 0", IN_OUT_32(d, 0), IN_OUT_32(d, 32), IN_OUT_32(d, 64));
}

// The same of e4m3: a [64, 32], b [64, 32].
DEVICE void productSharedE4m3(float (&d)[32], uint64_t a, uint64_t b, bool accumulate) {
  PRODUCT_OF_SHARED("m64n64k32.f32.e4m3.e4m3", REGISTERS_0_TO_31, "%32", "%33", "%34", "", IN_OUT_32(d, 0));
}
// b [128, 32].
DEVICE void productSharedE4m3(float (&d)[64], uint64_t a, uint64_t b, bool accumulate) {
  PRODUCT_OF_SHARED("m64n128k32.f32.e4m3.e4m3", REGISTERS_0_TO_31 ", " REGISTERS_32_TO_63, "%64", "%65", "%66", "", IN_OUT_32(d, 0),
                    IN_OUT_32(d, 32));
}
// b [192, 32].
DEVICE void productSharedE4m3(float (&d)[96], uint64_t a, uint64_t b, bool accumulate) {
  PRODUCT_OF_SHARED("m64n192k32.f32.e4m3.e4m3", REGISTERS_0_TO_31 ", " REGISTERS_32_TO_63 ", " REGISTERS_64_TO_95, "%96", "%97", "%98",
                    "", IN_OUT_32(d, 0), IN_OUT_32(d, 32), IN_OUT_32(d, 64));
}

// d += a b: a [64, 16] in registers, b [16, 64] in shared memory with N innermost.
DEVICE void productRegisters(float (&d)[32], const uint32_t (&a)[4], uint64_t b) {
  asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {" REGISTERS_0_TO_31 "}, {%32, %33, %34, %35}, %36, 1, 1, 1, 1;"
               : IN_OUT_32(d, 0)
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}
// The same with b [16, 80].
DEVICE void productRegisters(float (&d)[40], const uint32_t (&a)[4], uint64_t b) {
  asm volatile("wgmma.mma_async.sync.aligned.m64n80k16.f32.f16.f16 {" REGISTERS_0_TO_31
               ", %32, %33, %34, %35, %36, %37, %38, %39}, {%40, %41, %42, %43}, %44, 1, 1, 1, 1;"
               : IN_OUT_32(d, 0), IN_OUT_8(d, 32)
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}

#undef REGISTERS_0_TO_31
#undef REGISTERS_32_TO_63
#undef REGISTERS_64_TO_95
#undef IN_OUT_4
#undef IN_OUT_8
#undef IN_OUT_16
#undef IN_OUT_32
#undef PRODUCT_OF_SHARED

#else

// The twin: the same names, computed and checked on the CPU.
#include "emulated_device.hpp"
#include "emulated_hopper.hpp"

#endif

// ---- Conversions to e4m3 where no instruction does them ------------------------------------------------------------------------

#if !defined(HAS_E4M3_CONVERSION)
DEVICE uint32_t e4m3Code(float value) {
  uint32_t bits = floatBits(value), sign = bits >> 24 & 0x80u, magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return 0x7fu;
  // Below 2^-6 steps are 2^-9: those of floats from 2^14 on. Their lowest bits are the code, up to 8, which is 2^-6.
  if (magnitude < 0x3c800000u) return sign | (floatBits(bitsFloat(magnitude) + 16384.0f) & 0xfu);
  // Twenty bits of fraction are rounded away; the exponent's bias goes from 127 to 7.
  uint32_t code = ((magnitude + 0x7ffffu + (magnitude >> 20 & 1u)) >> 20) - (120u << 3);
  return sign | (code < 0x7eu ? code : 0x7eu);
}
DEVICE uint16_t packE4m3(float low, float high) { return static_cast<uint16_t>(e4m3Code(low) | e4m3Code(high) << 8); }
DEVICE uint16_t packE4m3(uint32_t halves) { return packE4m3(toFloat(lowHalf(halves)), toFloat(highHalf(halves))); }
#endif

// Values as e4m3, rounded as packE4m3 does.
template <int N>
DEVICE Vector<e4m3, N> toE4m3(const Vector<float, N>& values) {
  static_assert(N % 2 == 0, "conversions are of pairs");
  Vector<e4m3, N> result;
  for (int i = 0; i < N; i += 2) {
    uint16_t pair = packE4m3(values[i], values[i + 1]);
    __builtin_memcpy(&result[i], &pair, 2);
  }
  return result;
}

// A matrix in shared memory, from element `i` on. With K innermost, `strideBytes` is the distance of 8 rows and `leadingBytes` is not
// used. With M or N innermost, rows are k: `strideBytes` is the distance of 8 of them, `leadingBytes` that of one swizzle's width
// of columns to the next.
template <typename T>
DEVICE uint64_t matrixDescriptor(Shared<T> from, int i, int leadingBytes, int strideBytes, Swizzle swizzle) {
  return static_cast<uint64_t>((from.pointer(i) & 0x3ffff) >> 4) | static_cast<uint64_t>(leadingBytes >> 4) << 16 |
         static_cast<uint64_t>(strideBytes >> 4) << 32 | static_cast<uint64_t>(swizzle) << 62;
}
