// Fragments of the tensor core instructions, as they come and go.
#include "device.cuh"

namespace {

struct LoadArguments {
  Global<f16> matrices;      // [4][8][8]
  Global<int32_t> registers; // [32][12]: four of loadMatrix4, four transposed, two of loadMatrix2, two transposed
};

struct MultiplyArguments {
  Global<f16> a;    // [16][16]
  Global<f16> b;    // [16][8]
  Global<float> d;  // [16][8], added to
};

DEVICE uint32_t pairOf(Global<f16> from, int first, int second) { return packHalves(toFloat(from.get(first)), toFloat(from.get(second))); }

}  // namespace

KERNEL(load_matrices, LoadArguments, 32, 1) {
  auto halves = sharedArray<f16>(0, 4 * 64);
  int lane = threadIdx.x;
  halves.store<8>(8 * lane, args.matrices.load<8>(8 * lane));
  syncWarp();
  uint32_t four[4], fourTransposed[4], two[2], twoTransposed[2];
  loadMatrix4(four, halves, 8 * lane);
  loadMatrix4Transposed(fourTransposed, halves, 8 * lane);
  // Addresses of lanes 16 on are not used: they may be anything.
  int row = lane < 16 ? 8 * lane : -1;
  loadMatrix2(two, halves, row);
  loadMatrix2Transposed(twoTransposed, halves, row);
  for (int m = 0; m < 4; m++) {
    args.registers.set(12 * lane + m, static_cast<int32_t>(four[m]));
    args.registers.set(12 * lane + 4 + m, static_cast<int32_t>(fourTransposed[m]));
  }
  for (int m = 0; m < 2; m++) {
    args.registers.set(12 * lane + 8 + m, static_cast<int32_t>(two[m]));
    args.registers.set(12 * lane + 10 + m, static_cast<int32_t>(twoTransposed[m]));
  }
}

// d += a b with a whole step of 16, then with one of 8 over the first 8 columns of a. Fragments by the table in device.cuh.
KERNEL(multiply_fragments, MultiplyArguments, 32, 1) {
  int g = threadIdx.x / 4, t = threadIdx.x % 4;
  uint32_t a[4], b[2], aHalf[2];
  for (int i = 0; i < 4; i++) {
    int at = (g + i % 2 * 8) * 16 + 2 * t + i / 2 * 8;
    a[i] = pairOf(args.a, at, at + 1);
  }
  for (int i = 0; i < 2; i++) {
    int k = 2 * t + 8 * i;
    b[i] = pairOf(args.b, 8 * k + g, 8 * (k + 1) + g);
    aHalf[i] = a[i];
  }
  float d[4];
  for (int i = 0; i < 4; i++) d[i] = args.d.get((g + i / 2 * 8) * 8 + 2 * t + i % 2);
  mma16816(d, a, b);
  mma1688(d, aHalf, b[0]);
  for (int i = 0; i < 4; i++) args.d.set((g + i / 2 * 8) * 8 + 2 * t + i % 2, d[i]);
}
