// Kernels with one defect each: threads that wait for what does not come. The line that a report must name is marked.
#include "device.cuh"

namespace {

struct Arguments {
  Global<float> x;
  Global<float> out;
  int32_t count;
  int32_t unused;
};

}  // namespace

KERNEL(barrier_after_exit, Arguments, 128, 1) {
  if (threadIdx.x >= 96) return;
  syncThreads();  // found here
  args.out.set(threadIdx.x, 0.0f);
}

KERNEL(two_barriers_in_branches, Arguments, 64, 1) {
  if (threadIdx.x < 32) {
    syncThreads();
  } else {
    syncThreads();  // found here
  }
}

KERNEL(named_barrier_too_few, Arguments, 128, 1) {
  if (threadIdx.x >= 64) namedBarrierSync(2, 96);  // found here
}

KERNEL(named_barrier_two_counts, Arguments, 128, 1) {
  namedBarrierSync(3, threadIdx.x < 64 ? 128 : 96);  // found here
}

KERNEL(shuffle_or_vote, Arguments, 32, 1) {
  if (threadIdx.x < 16) {
    args.out.set(threadIdx.x, shuffleXor(1.0f, 1));
  } else {
    args.out.set(threadIdx.x, static_cast<float>(voteMask(true)));  // found here
  }
}

KERNEL(shuffle_after_exit, Arguments, 64, 1) {
  if (threadIdx.x == 50) return;
  args.out.set(threadIdx.x, shuffle(1.0f, 0));  // found here
}
