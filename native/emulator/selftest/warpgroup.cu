// A warpgroup's product whose operand ends inside a line of 128 bytes.
#include "device.cuh"

namespace {

struct Arguments {
  Global<f16> a;    // [64][16]
  Global<f16> b;    // [16][72]
  Global<float> d;  // [64][72], written
};

constexpr int THREADS = 128;
constexpr int N = 72;
constexpr int K = 16;
constexpr int LINE = 64;  // elements of 128 bytes

DEVICE uint32_t pairOf(Global<f16> from, int i) { return packHalves(toFloat(from.get(i)), toFloat(from.get(i + 1))); }

}  // namespace

// Columns 0 to 63 of row k are a line, columns 64 to 71 the beginning of another, whose rest nobody has written.
KERNEL(multiply_part_of_line, Arguments, THREADS, 1) {
  int thread = threadIdx.x;
  int lane = thread % WARP, g = lane / 4, t = lane % 4, firstRow = 16 * (thread / WARP);
  auto sB = sharedArray<f16>(0, 2 * K * LINE);
  for (int i = thread; i < K * N / 8; i += THREADS) {
    int k = i / (N / 8), piece = i % (N / 8);
    sB.store<8>((piece / 8 * K + k) * LINE + (piece % 8 ^ k % 8) * 8, args.b.load<8>(k * N + 8 * piece));
  }
  fenceProxyAsync();
  syncThreads();
  float d[N / 2] = {};
  uint32_t a[4];
  for (int i = 0; i < 4; i++) a[i] = pairOf(args.a, (firstRow + g + i % 2 * 8) * K + 2 * t + i / 2 * 8);
  productFence(d, a);
  productRegisters(d, a, matrixDescriptor(sB, 0, K * LINE * 2, 8 * LINE * 2, Swizzle::BYTES_128), false);
  productCommit();
  productWait<0>(d, a);
  for (int i = 0; i < N / 2; i++) args.d.set((firstRow + g + i / 2 % 2 * 8) * N + i / 4 * 8 + 2 * t + i % 2, d[i]);
}
