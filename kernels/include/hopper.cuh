// What sm_90a adds to the device layer: transaction barriers, bulk copies of tensor boxes, products of a warpgroup. Included by the
// kernels that need it. Like device.cuh it has a twin in native/emulator; layouts and rules are those of the PTX ISA manual 8.0,
// sections mbarrier, cp.async.bulk.tensor, wgmma and setmaxnreg.
//
// Barrier i of a Shared<uint64_t> is in phase 0, 1, 2, ...; a phase is complete when its arrivals and the bytes that it expects have
// come. `parity` is a phase's number mod 2.
//
// A product is issued, committed and waited for. Until the wait, its accumulators and its A registers belong to the hardware. C++
// knows nothing of that: fence and wait name the registers, so that the compiler moves no access to them across.
#pragma once

#include "device.cuh"

// How 16-byte pieces of 128-byte lines in shared memory are exchanged: piece p of line n is found at p ^ f(n), by address, so a tile must
// begin at a multiple of 8 rows' bytes. The values are those of a matrix descriptor, bits 62 and 63.
enum class Swizzle : uint64_t { BYTES_128 = 1, BYTES_64 = 2, BYTES_32 = 3 };

#if defined(__CUDACC__)

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
DEVICE void copyBoxAsync(Shared<f16> to, int i, const TensorMap& map, int x, int y, int z, Shared<uint64_t> barriers, int b) {
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

#define REGISTERS_0_TO_31                                                                                                 \
  "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, "   \
  "%25, %26, %27, %28, %29, %30, %31"
#define IN_OUT_4(d, i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define IN_OUT_8(d, i) IN_OUT_4(d, i), IN_OUT_4(d, i + 4)
#define IN_OUT_32(d) IN_OUT_8(d, 0), IN_OUT_8(d, 8), IN_OUT_8(d, 16), IN_OUT_8(d, 24)

// Accumulators of m64nNk16, in warp w of the warpgroup, lane l, g = l / 4, t = l % 4:
//   d[4j], d[4j+1] = D[16w + g][8j + 2t, + 1];   d[4j+2], d[4j+3] = D[16w + g + 8][8j + 2t, + 1]
// A in registers is laid out as for mma.m16n8k16, rows 16w on.

// d = a b^T (+ d if `accumulate`): a [64, 16] and b [96, 16] in shared memory, both with K innermost.
DEVICE void productShared(float (&d)[48], uint64_t a, uint64_t b, bool accumulate) {
  asm volatile(
      "{\n"
      ".reg .pred accumulate;\n"
      "setp.ne.b32 accumulate, %50, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n96k16.f32.f16.f16 {" REGISTERS_0_TO_31
      ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47}, %48, %49, accumulate, 1, 1, 0, 0;\n"
      "}"
      : IN_OUT_32(d), IN_OUT_8(d, 32), IN_OUT_8(d, 40)
      : "l"(a), "l"(b), "r"(static_cast<int>(accumulate)));
}

// d += a b: a [64, 16] in registers, b [16, 64] in shared memory with N innermost.
DEVICE void productRegisters(float (&d)[32], const uint32_t (&a)[4], uint64_t b) {
  asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {" REGISTERS_0_TO_31 "}, {%32, %33, %34, %35}, %36, 1, 1, 1, 1;"
               : IN_OUT_32(d)
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}
// The same with b [16, 80].
DEVICE void productRegisters(float (&d)[40], const uint32_t (&a)[4], uint64_t b) {
  asm volatile("wgmma.mma_async.sync.aligned.m64n80k16.f32.f16.f16 {" REGISTERS_0_TO_31
               ", %32, %33, %34, %35, %36, %37, %38, %39}, {%40, %41, %42, %43}, %44, 1, 1, 1, 1;"
               : IN_OUT_32(d), IN_OUT_8(d, 32)
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}

#undef REGISTERS_0_TO_31
#undef IN_OUT_4
#undef IN_OUT_8
#undef IN_OUT_32

#else

#include "emulated_hopper.hpp"

#endif

// A matrix in shared memory, from element `i` on. With K innermost, `strideBytes` is the distance of 8 rows and `leadingBytes` is not
// used. With M or N innermost, rows are k: `strideBytes` is the distance of 8 of them, `leadingBytes` that of one swizzle's width
// of columns to the next.
DEVICE uint64_t matrixDescriptor(Shared<f16> from, int i, int leadingBytes, int strideBytes, Swizzle swizzle) {
  return static_cast<uint64_t>((from.pointer(i) & 0x3ffff) >> 4) | static_cast<uint64_t>(leadingBytes >> 4) << 16 |
         static_cast<uint64_t>(strideBytes >> 4) << 32 | static_cast<uint64_t>(swizzle) << 62;
}
