// Kernels with one defect each: threads that do not wait for one another. The line that a report must name is marked. The order that the
// emulator runs threads in (a warp until it waits, then the next; the last to come to a barrier goes on first) hides most of them.
#include "device.cuh"

namespace {

struct Arguments {
  Global<float> x;
  Global<float> out;
  int32_t count;
  int32_t unused;
};

constexpr int EARLIER = 32;

// The element that the thread one warp before has written; its own, for the first warp.
DEVICE int ofEarlierWarp() { return threadIdx.x < EARLIER ? threadIdx.x : threadIdx.x - EARLIER; }

}  // namespace

KERNEL(read_after_write, Arguments, 64, 1) {
  auto values = sharedArray<float>(0, 64);
  values.set(threadIdx.x, 1.0f);
  args.out.set(threadIdx.x, values.get(ofEarlierWarp()));  // found here
}

KERNEL(write_after_read, Arguments, 64, 1) {
  auto values = sharedArray<float>(0, 64);
  values.set(threadIdx.x, 1.0f);
  syncThreads();
  args.out.set(threadIdx.x, values.get(threadIdx.x));
  if (threadIdx.x < 32) values.set(threadIdx.x + 32, 2.0f);  // found here
}

KERNEL(write_after_many_reads, Arguments, 128, 1) {
  auto values = sharedArray<float>(0, 1);
  if (threadIdx.x == 0) values.set(0, 1.0f);
  syncThreads();
  args.out.set(threadIdx.x, values.get(0));
  syncWarp();
  if (threadIdx.x == 0) values.set(0, 2.0f);  // found here
}

KERNEL(write_after_write, Arguments, 64, 1) {
  auto values = sharedArray<float>(0, 64);
  values.set(ofEarlierWarp(), 1.0f);  // found here
}

// Half of a 16-byte vector that another thread wrote.
KERNEL(read_part_of_vector, Arguments, 64, 1) {
  auto values = sharedArray<float>(0, 128);
  Vector<float, 4> four = {};
  if (threadIdx.x < 32) values.store<4>(4 * threadIdx.x, four);
  if (threadIdx.x >= 32) args.out.set(threadIdx.x, values.get(4 * (threadIdx.x - 32) + 2));  // found here
}

// A shuffle brings lanes together, but orders no memory.
KERNEL(shuffle_is_no_barrier, Arguments, 32, 1) {
  auto values = sharedArray<float>(0, 32);
  values.set(threadIdx.x, 1.0f);
  float one = shuffleXor(1.0f, 1);
  args.out.set(threadIdx.x, one + values.get(31 - threadIdx.x));  // found here
}

// Lane 0 may read what lane 0 wrote, but lanes that get the row of another lane may not.
KERNEL(load_matrix_before_sync, Arguments, 32, 1) {
  auto halves = sharedArray<f16>(0, 16 * 8);
  Vector<f16, 8> row = {};
  if (threadIdx.x < 16) halves.store<8>(8 * threadIdx.x, row);
  uint32_t registers[2];
  loadMatrix2(registers, halves, threadIdx.x % 16 * 8);  // found here
}

KERNEL(copy_async_without_wait, Arguments, 32, 1) {
  auto values = sharedArray<float>(0, 256);
  copyAsync16(values, 4 * threadIdx.x, args.x, 0, true);
  copyAsyncCommit();
  copyAsync16(values, 128 + 4 * threadIdx.x, args.x, 0, true);
  copyAsyncCommit();
  copyAsyncWait<1>();
  syncThreads();
  args.out.set(threadIdx.x, values.get(128 + threadIdx.x));  // found here
}

KERNEL(copy_async_without_barrier, Arguments, 64, 1) {
  auto values = sharedArray<float>(0, 256);
  copyAsync16(values, 4 * threadIdx.x, args.x, 0, true);
  copyAsyncCommit();
  copyAsyncWait<0>();
  args.out.set(threadIdx.x, values.get(4 * ofEarlierWarp()));  // found here
}

// The next tile is asked for while a slower warp may still read the last.
KERNEL(copy_async_over_readers, Arguments, 64, 1) {
  auto values = sharedArray<float>(0, 256);
  values.set(threadIdx.x, 1.0f);
  syncThreads();
  args.out.set(threadIdx.x, values.get(63 - threadIdx.x));
  if (threadIdx.x < 16) copyAsync16(values, 4 * threadIdx.x, args.x, 0, true);  // found here
  copyAsyncCommit();
  copyAsyncWait<0>();
}

// Arriving lets others know, but the one that only arrives hears nothing.
KERNEL(arrival_is_no_wait, Arguments, 64, 1) {
  auto values = sharedArray<float>(0, 64);
  values.set(threadIdx.x, 1.0f);
  if (threadIdx.x < 32) {
    namedBarrierSync(1, 64);
  } else {
    namedBarrierArrive(1, 64);
    args.out.set(threadIdx.x, values.get(threadIdx.x - 32));  // found here
  }
}
