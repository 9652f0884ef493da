// One product of queries and keys by a warpgroup, out = a b^T with a [64, 64] and b [96, 64], as attention_sm90.cu does it; and the same
// with one defect each. `planted_hopper_sound` is the control.
#include "device.cuh"

namespace {

enum class Defect {
  NONE,
  MISSING_WAIT,          // of the product
  UNFINISHED_PRODUCT,    // the same, and nobody writes to its tile
  MISSING_COMMIT,
  MISSING_FENCE,
  WRITTEN_AFTER_FENCE,   // an accumulator, between the fence and the product
  EARLY_WRITE,           // an accumulator, before the wait
  MISSING_WARP,          // one warp of four takes no part
  OTHER_DESCRIPTOR,      // in one warp
  SHORT_STRIDE,          // of a descriptor, inside the swizzle's pattern
  LONG_STRIDE,           // past the tile
  WRONG_PARITY,          // of a wait for the tile
  FEWER_BYTES,           // announced than copied
  MORE_BYTES,
  MISALIGNED_BOX,
  OTHER_ELEMENT,         // than the tensor map's
  MISSING_INIT_FENCE,
  MISSING_PROXY_FENCE,   // between a plain write and the product
  EARLY_RELEASE,         // of the tile, before the product has read it
  BARRIER_FOR_WAIT,      // the same after a barrier of the block, which orders all but the product
  ABANDONED_COPY,        // nobody waits for the last one
  REGISTERS_NOT_GIVEN,   // the copying warpgroup keeps its own
  REGISTER_COUNT,        // no multiple of 8
  REGISTERS_IN_THREE_WARPS
};

struct Arguments {
  TensorMap a;         // {64, 1, 64}, whole, 128-byte swizzle
  TensorMap b;         // {64, 1, 96}
  Global<float> out;   // [64, 96]
};

constexpr int THREADS = 384;
constexpr int WIDTH = 64;
constexpr int A_ROWS = 64;
constexpr int B_ROWS = 96;
constexpr int LINES_BYTES = 8 * WIDTH * 2;
// Room for A one line further on.
constexpr int B_OFFSET = A_ROWS * WIDTH * 2 + LINES_BYTES;
constexpr int BARRIERS_OFFSET = B_OFFSET + 2 * B_ROWS * WIDTH * 2;
enum { FULL, EMPTY, REFILLED, BARRIERS };

struct Memory {
  Shared<f16> sA = sharedArray<f16>(0, A_ROWS * WIDTH + WIDTH);
  Shared<f16> sB = sharedArray<f16>(B_OFFSET, 2 * B_ROWS * WIDTH);
  Shared<e4m3> bytesOfB = sharedArray<e4m3>(B_OFFSET, 2 * B_ROWS * WIDTH * 2);
  Shared<uint64_t> barriers = sharedArray<uint64_t>(BARRIERS_OFFSET, BARRIERS);
};

template <Defect defect>
DEVICE void fill(const Arguments& args, const Memory& memory) {
  constexpr int BYTES = (A_ROWS + B_ROWS) * WIDTH * 2;
  int announced = defect == Defect::FEWER_BYTES ? BYTES - 128 : defect == Defect::MORE_BYTES ? BYTES + 128 : BYTES;
  barrierArriveExpect(memory.barriers, FULL, announced);
  copyBoxAsync(memory.sA, defect == Defect::MISALIGNED_BOX ? WIDTH : 0, args.a, 0, 0, 0, memory.barriers, FULL);
  if (defect == Defect::OTHER_ELEMENT) copyBoxAsync(memory.bytesOfB, 0, args.b, 0, 0, 0, memory.barriers, FULL);
  else copyBoxAsync(memory.sB, 0, args.b, 0, 0, 0, memory.barriers, FULL);
}

// The tile is filled again once it is free: a product that reads it too late sees that.
template <Defect defect>
DEVICE void refill(const Arguments& args, const Memory& memory) {
  barrierWait(memory.barriers, EMPTY, 0);
  barrierArriveExpect(memory.barriers, REFILLED, B_ROWS * WIDTH * 2);
  copyBoxAsync(memory.sB, 0, args.b, 0, 0, 1, memory.barriers, REFILLED);
  if (defect != Defect::ABANDONED_COPY) barrierWait(memory.barriers, REFILLED, 0);
}

template <Defect defect>
DEVICE void multiply(const Memory& memory, float (&d)[48], int warp, int lane) {
  for (int i = 0; i < 48; i++) d[i] = 0.0f;
  barrierWait(memory.barriers, FULL, defect == Defect::WRONG_PARITY ? 1 : 0);
  if (warp == 0 && lane == 0) {
    memory.sB.set(0, memory.sB.get(0));
    if (defect != Defect::MISSING_PROXY_FENCE) fenceProxyAsync();
  }
  namedBarrierSync(1, 128);
  if (defect != Defect::MISSING_FENCE) productFence(d);
  if (defect == Defect::WRITTEN_AFTER_FENCE) d[5] = 1.0f;
  int stride = defect == Defect::SHORT_STRIDE ? LINES_BYTES / 2 : defect == Defect::LONG_STRIDE ? 2 * LINES_BYTES : LINES_BYTES;
  if (defect != Defect::MISSING_WARP || warp != 2) {
    for (int k = 0; k < WIDTH; k += 16) {
      int row = defect == Defect::OTHER_DESCRIPTOR && warp == 2 ? 8 : 0;
      productShared(d, matrixDescriptor(memory.sA, k, 0, LINES_BYTES, Swizzle::BYTES_128),
                    matrixDescriptor(memory.sB, row * WIDTH + k, 0, stride, Swizzle::BYTES_128), k > 0);
    }
    if (defect != Defect::MISSING_COMMIT) productCommit();
  }
  constexpr bool EARLY = defect == Defect::EARLY_RELEASE || defect == Defect::BARRIER_FOR_WAIT;
  if (defect == Defect::BARRIER_FOR_WAIT) namedBarrierSync(3, THREADS);
  if (EARLY && lane == 0) barrierArrive(memory.barriers, EMPTY);
  if (EARLY) namedBarrierSync(2, 256);
  if (defect == Defect::EARLY_WRITE) d[5] = 1.0f;
  if (defect != Defect::MISSING_WAIT && defect != Defect::UNFINISHED_PRODUCT) productWait<0>(d);
  if (!EARLY && lane == 0) barrierArrive(memory.barriers, EMPTY);
}

template <Defect defect>
DEVICE void run(const Arguments& args) {
  int thread = threadIdx.x, warp = thread / WARP, lane = thread % WARP;
  Memory memory;
  if (thread == 0) {
    barrierInit(memory.barriers, FULL, 1);
    barrierInit(memory.barriers, EMPTY, 4);
    barrierInit(memory.barriers, REFILLED, 1);
    if (defect != Defect::MISSING_INIT_FENCE) barrierInitFence();
  }
  syncThreads();
  if (warp >= 8) {
    if (defect == Defect::BARRIER_FOR_WAIT) namedBarrierSync(3, THREADS);
    return;
  }
  if (warp >= 4) {
    if (defect != Defect::REGISTERS_NOT_GIVEN) decreaseRegisters<40>();
    if (thread == 128) fill<defect>(args, memory);
    if (defect == Defect::BARRIER_FOR_WAIT) namedBarrierSync(3, THREADS);
    if (thread == 128 && defect != Defect::UNFINISHED_PRODUCT) refill<defect>(args, memory);
    if (defect == Defect::EARLY_RELEASE || defect == Defect::BARRIER_FOR_WAIT) namedBarrierSync(2, 256);
    return;
  }
  // THREADS threads begin with 168 registers each at most.
  if (defect == Defect::REGISTER_COUNT) increaseRegisters<228>();
  if (defect != Defect::REGISTERS_IN_THREE_WARPS || warp != 3) increaseRegisters<232>();
  float d[48];
  multiply<defect>(memory, d, warp, lane);
  for (int i = 0; i < 48; i++) {
    int row = 16 * warp + lane / 4 + 8 * (i / 2 % 2), column = 8 * (i / 4) + 2 * (lane % 4) + i % 2;
    args.out.set(row * B_ROWS + column, d[i]);
  }
}

}  // namespace

#define PLANTED(name, defect) \
  KERNEL(planted_hopper_##name, Arguments, THREADS, 1) { run<Defect::defect>(args); }

PLANTED(sound, NONE)
PLANTED(missing_wait, MISSING_WAIT)
PLANTED(unfinished_product, UNFINISHED_PRODUCT)
PLANTED(missing_commit, MISSING_COMMIT)
PLANTED(missing_fence, MISSING_FENCE)
PLANTED(written_after_fence, WRITTEN_AFTER_FENCE)
PLANTED(early_write, EARLY_WRITE)
PLANTED(missing_warp, MISSING_WARP)
PLANTED(other_descriptor, OTHER_DESCRIPTOR)
PLANTED(short_stride, SHORT_STRIDE)
PLANTED(long_stride, LONG_STRIDE)
PLANTED(wrong_parity, WRONG_PARITY)
PLANTED(fewer_bytes, FEWER_BYTES)
PLANTED(more_bytes, MORE_BYTES)
PLANTED(misaligned_box, MISALIGNED_BOX)
PLANTED(other_element, OTHER_ELEMENT)
PLANTED(missing_init_fence, MISSING_INIT_FENCE)
PLANTED(missing_proxy_fence, MISSING_PROXY_FENCE)
PLANTED(early_release, EARLY_RELEASE)
PLANTED(barrier_for_wait, BARRIER_FOR_WAIT)
PLANTED(abandoned_copy, ABANDONED_COPY)
PLANTED(registers_not_given, REGISTERS_NOT_GIVEN)
PLANTED(register_count, REGISTER_COUNT)
PLANTED(registers_in_three_warps, REGISTERS_IN_THREE_WARPS)
