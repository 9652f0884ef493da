// similarity_f32, similarity_f16: scaled dot products of all rows of a with all rows of b, in f32.
//
// Formula    out[i][j] = scale * sum_c a[i][c] b[j][c], one multiply-add per column, in the order of columns
// Shapes     a [m, columns], b [n, columns] f32 or f16, out f32 [m, n]
// Grid       (n, m): 64 x 64 results per block, 4 x 4 per thread; 32 columns at a time, two stages
// Why FFMA   Features are f32 and rankings are read off the result; the error of an f16 or tf32 product would show there. It is little work: see below.
// Shared     2 stages * 2 operands * 32 * 64 * 4 bytes. 3 blocks per SM.
// built: similarity_f16, 256 threads, 32768 bytes of dynamic shared memory, tileX=64 tileY=64; registers sm_80 80, sm_90a 79
// built: similarity_f32, 256 threads, 32768 bytes of dynamic shared memory, tileX=64 tileY=64; registers sm_80 80, sm_90a 80
// Banks      Stores: 8 (f16: 4) vectors of a row by 4 (8) rows per warp; exchanging row vectors by k spreads them over all 32 banks. Loads: a
//            warp reads 2 vectors of a (broadcast) and 16 of b.
// Work       Patches of an image with 100 concepts: 729 x 100 x 1152, 168 MFLOP, 1.9 MB: 2.5 us at 67 TFLOP/s of f32 (H100), 0.6 us of HBM.
//            64 x 64 tiles: 768 x 128 are computed, 3.4 us.
// Test       native/emulator/test/similarity_test.cpp (float64 loops); SimilarityCases of the op contract.
#include <cmath>

#include "device.cuh"

namespace {

template <typename T>
struct SimilarityArguments {
  Global<T> a;  // [m, columns]
  Global<T> b;  // [n, columns]
  Global<float> out;  // [m, n]
  int32_t m;
  int32_t n;
  int32_t columns;
  int32_t aPitch;
  int32_t bPitch;
  int32_t outPitch;
  float scale;
};

constexpr int THREADS = 256;
constexpr int TILE = 64;  // rows of a and of b
constexpr int DEPTH = 32;  // columns at a time
constexpr int SIDE = 4;  // each thread's results: SIDE x SIDE, of 16 x 16 threads
constexpr int ACROSS = TILE / SIDE;
constexpr int PART = DEPTH * TILE;  // floats of one operand's tile

// Where (column k, row) of a tile lies: column by column, so that a thread reads its SIDE rows as one vector. Vectors of rows are
// exchanged by k, because the threads of a warp write several k at once: plainly, their floats would meet in a few banks.
DEVICE int slot(int k, int row) { return k * TILE + (row ^ k / 4 % 8 * 4); }

// A thread's share of the next tile of one operand, on its way from global to shared memory: one row, vectors of 16 bytes.
template <typename T>
struct Share {
  static constexpr int WIDE = 16 / sizeof(T);
  static constexpr int VECTORS = TILE * DEPTH / WIDE / THREADS;
  static constexpr int ROW_VECTORS = DEPTH / WIDE;
  Vector<T, WIDE> vectors[VECTORS];

  // Rows and columns beyond the operand's become zeros; up to the next multiple of 8 columns its padding is.
  DEVICE void load(Global<T> from, int firstRow, int rows, int firstColumn, int columns, int pitch) {
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
      int index = i * THREADS + static_cast<int>(threadIdx.x);
      int row = firstRow + index / ROW_VECTORS;
      int column = firstColumn + index % ROW_VECTORS * WIDE;
      if (row < rows && column < columns) {
        vectors[i] = from.template load<WIDE>(static_cast<int64_t>(row) * pitch + column);
      } else {
        vectors[i] = {};
      }
    }
  }

  DEVICE void store(Shared<float> to) const {
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
      int index = i * THREADS + static_cast<int>(threadIdx.x);
#pragma unroll
      for (int j = 0; j < WIDE; j++) {
        to.set(slot(index % ROW_VECTORS * WIDE + j, index / ROW_VECTORS), toFloat(vectors[i][j]));
      }
    }
  }
};

template <typename T>
DEVICE void similarity(const SimilarityArguments<T>& args) {
  int firstA = blockIdx.y * TILE;
  int firstB = blockIdx.x * TILE;
  int rowA = threadIdx.x / ACROSS * SIDE;
  int rowB = threadIdx.x % ACROSS * SIDE;
  Share<T> shareA;
  Share<T> shareB;
  float sums[SIDE][SIDE] = {};
  shareA.load(args.a, firstA, args.m, 0, args.columns, args.aPitch);
  shareB.load(args.b, firstB, args.n, 0, args.columns, args.bPitch);
  for (int first = 0, stage = 0; first < args.columns; first += DEPTH, stage ^= 1) {
    Shared<float> sA = sharedArray<float>(stage * 2 * PART * sizeof(float), PART);
    Shared<float> sB = sharedArray<float>((stage * 2 + 1) * PART * sizeof(float), PART);
    shareA.store(sA);
    shareB.store(sB);
    // One barrier per tile: a thread that passes it is done with the tile before the last, which the next one overwrites.
    syncThreads();
    shareA.load(args.a, firstA, args.m, first + DEPTH, args.columns, args.aPitch);
    shareB.load(args.b, firstB, args.n, first + DEPTH, args.columns, args.bPitch);
#pragma unroll
    for (int k = 0; k < DEPTH; k++) {
      Vector<float, SIDE> a = sA.load<SIDE>(slot(k, rowA));
      Vector<float, SIDE> b = sB.load<SIDE>(slot(k, rowB));
#pragma unroll
      for (int i = 0; i < SIDE; i++) {
#pragma unroll
        for (int j = 0; j < SIDE; j++) {
          sums[i][j] = fmaf(a[i], b[j], sums[i][j]);
        }
      }
    }
  }
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) {
      if (firstA + rowA + i < args.m && firstB + rowB + j < args.n) {
        args.out.set(static_cast<int64_t>(firstA + rowA + i) * args.outPitch + firstB + rowB + j, args.scale * sums[i][j]);
      }
    }
  }
}

}  // namespace

KERNEL(similarity_f32, SimilarityArguments<float>, THREADS, 3) { similarity(args); }
KERNEL(similarity_f16, SimilarityArguments<f16>, THREADS, 3) { similarity(args); }

LAUNCH_FACT(similarity_f32, tileX, TILE)
LAUNCH_FACT(similarity_f32, tileY, TILE)
LAUNCH_FACT(similarity_f32, sharedBytes, 2 * 2 * PART * sizeof(float))
LAUNCH_FACT(similarity_f16, tileX, TILE)
LAUNCH_FACT(similarity_f16, tileY, TILE)
LAUNCH_FACT(similarity_f16, sharedBytes, 2 * 2 * PART * sizeof(float))
