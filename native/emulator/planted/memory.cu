// Kernels with one defect each: accesses outside of what they may touch, or not aligned. The line that a report must name is marked.
#include "device.cuh"

namespace {

struct Arguments {
  Global<float> x;  // [count]
  Global<float> out;
  int32_t count;
  int32_t unused;
};

}  // namespace

KERNEL(global_read_past_end, Arguments, 128, 1) {
  int i = blockIdx.x * 128 + threadIdx.x;
  float sum = 0.0f;
  if (i <= args.count) sum = args.x.get(i);  // found here
  if (i < args.count) args.out.set(i, sum);
}

KERNEL(global_write_before_begin, Arguments, 32, 1) {
  int i = static_cast<int>(threadIdx.x) - 1;
  args.out.set(i, 0.0f);  // found here
}

KERNEL(global_read_of_nothing, Arguments, 32, 1) {
  if (threadIdx.x == 0) args.out.set(0, args.x.get(0));  // found here
}

KERNEL(global_vector_misaligned, Arguments, 32, 1) {
  Vector<float, 4> four = args.x.load<4>(4 * threadIdx.x + (threadIdx.x == 5));  // found here
  args.out.set(threadIdx.x, four[0]);
}

KERNEL(shared_write_past_view, Arguments, 64, 1) {
  auto values = sharedArray<float>(0, 63);
  values.set(threadIdx.x, 1.0f);  // found here
}

KERNEL(shared_view_past_launch, Arguments, 32, 1) {
  auto values = sharedArray<float>(64, 64);  // found here
  values.set(threadIdx.x, 1.0f);
}

KERNEL(shared_vector_misaligned, Arguments, 32, 1) {
  auto values = sharedArray<float>(0, 256);
  Vector<float, 2> pair = {};
  values.store<2>(2 * threadIdx.x + (threadIdx.x > 20), pair);  // found here
}

KERNEL(copy_async_misaligned, Arguments, 32, 1) {
  auto values = sharedArray<float>(0, 256);
  copyAsync16(values, 4 * threadIdx.x + (threadIdx.x == 7 ? 2 : 0), args.x, 4 * threadIdx.x, true);  // found here
  copyAsyncCommit();
  copyAsyncWait<0>();
}

KERNEL(copy_async_past_end, Arguments, 32, 1) {
  auto values = sharedArray<float>(0, 256);
  int j = 4 * static_cast<int>(threadIdx.x);
  copyAsync16(values, j, args.x, j, j < args.count + 4);  // found here
  copyAsyncCommit();
  copyAsyncWait<0>();
}

KERNEL(load_matrix_misaligned, Arguments, 32, 1) {
  auto halves = sharedArray<f16>(0, 8 * 40);
  for (int i = threadIdx.x; i < 8 * 40; i += WARP) halves.set(i, toHalf(0.0f));
  syncThreads();
  uint32_t registers[2];
  loadMatrix2(registers, halves, threadIdx.x % 8 * 36);  // found here
}

KERNEL(shared_read_uninitialised, Arguments, 64, 1) {
  auto values = sharedArray<float>(0, 64);
  if (threadIdx.x != 40) values.set(threadIdx.x, 1.0f);
  syncThreads();
  args.out.set(threadIdx.x, values.get(63 - threadIdx.x));  // found here
}

KERNEL(max_of_unset_memory, Arguments, 32, 1) {
  args.out.atomicMaxNonNegative(0, 1.0f);  // found here
}
