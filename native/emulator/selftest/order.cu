// Threads that wait for one another as they should, in every way that the device layer has: nothing is to be reported.
#include "device.cuh"

namespace {

struct Arguments {
  Global<float> x;    // [512]
  Global<float> out;  // [128]
  int32_t count;
  int32_t unused;
};

}  // namespace

// Two halves of a block hand a buffer back and forth with named barriers; the writers never wait for the block.
KERNEL(handed_over_by_named_barriers, Arguments, 128, 1) {
  enum { FULL = 1, EMPTY = 2 };
  auto buffer = sharedArray<float>(0, 64);
  int i = threadIdx.x % 64;
  float sum = 0.0f;
  for (int round = 0; round < 3; round++) {
    if (threadIdx.x < 64) {
      if (round > 0) namedBarrierSync(EMPTY, 128);
      buffer.set(i, static_cast<float>(round + i));
      namedBarrierArrive(FULL, 128);
    } else {
      namedBarrierSync(FULL, 128);
      sum += buffer.get(63 - i);
      if (round < 2) namedBarrierArrive(EMPTY, 128);
    }
  }
  args.out.set(threadIdx.x, sum);
}

// What one warp hears it passes on: 0 to 1 by a named barrier, 1 to 2 by another.
KERNEL(heard_through_another, Arguments, 96, 1) {
  auto value = sharedArray<float>(0, 1);
  int warp = threadIdx.x / WARP;
  if (threadIdx.x == 0) value.set(0, 7.0f);
  if (warp == 0) namedBarrierArrive(1, 64);
  if (warp == 1) {
    namedBarrierSync(1, 64);
    namedBarrierArrive(2, 64);
  }
  if (warp == 2) {
    namedBarrierSync(2, 64);
    args.out.set(threadIdx.x % WARP, value.get(0));
  }
}

KERNEL(ordered_in_warp, Arguments, 32, 1) {
  auto values = sharedArray<float>(0, 32);
  float last = 0.0f;
  for (int round = 0; round < 4; round++) {
    values.set(threadIdx.x, last + threadIdx.x);
    syncWarp();
    last = values.get(31 - threadIdx.x);
    syncWarp();
  }
  args.out.set(threadIdx.x, last);
}

// Two buffers: tile t + 1 is on its way while tile t is read.
KERNEL(copied_ahead, Arguments, 32, 1) {
  constexpr int TILE = 128, TILES = 4;
  auto buffers = sharedArray<float>(0, 2 * TILE);
  copyAsync16(buffers, 4 * threadIdx.x, args.x, 4 * threadIdx.x, true);
  copyAsyncCommit();
  float sum = 0.0f;
  for (int t = 0; t < TILES; t++) {
    bool more = t + 1 < TILES;
    copyAsync16(buffers, (t + 1) % 2 * TILE + 4 * threadIdx.x, args.x, (t + 1) * TILE + 4 * threadIdx.x, more);
    copyAsyncCommit();
    copyAsyncWait<1>();
    syncThreads();
    for (int i = threadIdx.x; i < TILE; i += WARP) sum += buffers.get(t % 2 * TILE + TILE - 1 - i);
    syncThreads();
  }
  args.out.set(threadIdx.x, sum);
}
