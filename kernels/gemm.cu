// gemm_*: products of activations and weights with their epilogue for every GPU from sm_80 on, f16 with f32 sums.
//
// Formula    v[m][n] = sum_k x[m][k] weight[n][k] + bias[n]
//            bias_f16, bias_f32   out = v
//            gelu_f16             out = gelu(v), the exact form (erf)
//            add_f32, add_f16     out += v, in f32, rounded once
// Shapes     x f16 [rows, inputs], weight f16 [outputs, inputs] with rows `inputs` rounded up to 8 apart (as cuBLASLt takes it), bias f32
//            [outputs] or none, out [rows, outputs] in the type that the kernel is named for
// Names      gemm_EPILOGUE_ROWSxCOLUMNS of a tile. Both shapes have the same bits: a sum is over k in ascending steps of 16, no split, no
//            atomics.
// Grid       (outputs, rows) in tiles
//
// Loop       Four stages of 32 inputs are copied ahead (cp.async); one barrier a stage. A warp has 32 x 64 (128x128) or 16 x 64 (64x64)
//            sums; fragments come by ldmatrix.
// Epilogue   include/gemm_epilogue.cuh, in the shared memory of the stages.
// Rims       Rows and inputs behind the rims are copied as zeros. Results behind them are not stored; columns up to the next multiple of 8
//            are, as zeros. x's and the weight's own columns from `inputs` to the next multiple of 8 are zeros, as everywhere.
//
// Shapes     128x128 for many rows; 64x64 where those are fewer than multiprocessors: one image's 729 x 1152 are 54 tiles or 216.
// Shared     128x128: 4 stages * 256 rows * 64 bytes: 65536 bytes, two blocks per SM of an A100, one on sm_86 and sm_89 (99 KB). 64x64:
//            32768.
// Banks      Pieces of 16 bytes are exchanged by bits 1 and 2 of their row: the 8 rows of an ldmatrix hit each bank once.
//
// Work       an image's fc1: 729 x 1152 x 4304, 7.23 GFLOP.
// Roofs      A100, 312 TFLOP/s: 23 us an image. Shared memory, 128 bytes a clock: of 128x128, a step of 16 inputs takes 256 clocks of the
//            tensor cores and 192 + 64 of reads and copies: level with them.
// Predicted  A100: 200 TFLOP/s, 36 us an image. On Hopper half of what gemm_sm90 does: mma.sync reaches about 60 % of wgmma's rate. Nothing
//            of this was measured.
// Test       native/emulator/test/gemm_test.cpp (float64 loops); LinearCases of the op contract
// built: gemm_add_f16_64x64, 128 threads, 32768 bytes of dynamic shared memory, tileX=64 tileY=64; registers sm_80 118
// built: gemm_add_f16_128x128, 256 threads, 65536 bytes of dynamic shared memory, tileX=128 tileY=128; registers sm_80 125
// built: gemm_add_f32_64x64, 128 threads, 32768 bytes of dynamic shared memory, tileX=64 tileY=64; registers sm_80 118
// built: gemm_add_f32_128x128, 256 threads, 65536 bytes of dynamic shared memory, tileX=128 tileY=128; registers sm_80 125
// built: gemm_gelu_f16_64x64, 128 threads, 32768 bytes of dynamic shared memory, tileX=64 tileY=64; registers sm_80 118
// built: gemm_gelu_f16_128x128, 256 threads, 65536 bytes of dynamic shared memory, tileX=128 tileY=128; registers sm_80 125
// built: gemm_bias_f32_64x64, 128 threads, 32768 bytes of dynamic shared memory, tileX=64 tileY=64; registers sm_80 118
// built: gemm_bias_f32_128x128, 256 threads, 65536 bytes of dynamic shared memory, tileX=128 tileY=128; registers sm_80 125
// built: gemm_bias_f16_64x64, 128 threads, 32768 bytes of dynamic shared memory, tileX=64 tileY=64; registers sm_80 118
// built: gemm_bias_f16_128x128, 256 threads, 65536 bytes of dynamic shared memory, tileX=128 tileY=128; registers sm_80 125
#include "gemm_epilogue.cuh"

namespace {

using gemm::Epilogue;

struct GemmArguments {
  Global<f16> x;       // [rows, inputs]
  Global<f16> weight;  // [outputs, inputs]
  Global<float> bias;  // [outputs], or none
  union {              // [rows, outputs]
    Global<f16> asHalves;
    Global<float> asFloats;
  } out;
  int32_t rows;
  int32_t inputs;
  int32_t outputs;
  int32_t xPitch;
  int32_t outPitch;
};

constexpr int DEPTH = 32;
constexpr int STAGES = 4;
constexpr int PIECE = 8;  // elements of 16 bytes
constexpr int PIECES = DEPTH / PIECE;

// A tile of warpsDown x warpsAcross warps, each with 16 * blocks rows of 64 columns.
template <int blocks, int warpsDown, int warpsAcross>
struct Tile {
  static constexpr int BLOCKS = blocks;
  static constexpr int WARP_ROWS = 16 * blocks;
  static constexpr int WARP_COLUMNS = gemm::PIECE_COLUMNS;
  static constexpr int WARPS_ACROSS = warpsAcross;
  static constexpr int ROWS = warpsDown * WARP_ROWS;
  static constexpr int COLUMNS = warpsAcross * WARP_COLUMNS;
  static constexpr int THREADS = warpsDown * warpsAcross * WARP;

  static constexpr int X = ROWS * DEPTH;
  static constexpr int WEIGHT = COLUMNS * DEPTH;
  static constexpr int WEIGHT_OFFSET = STAGES * X * 2;
  static constexpr int BYTES = WEIGHT_OFFSET + STAGES * WEIGHT * 2;
  static_assert(THREADS / WARP * gemm::TurnedFloats::BYTES <= BYTES, "the epilogue has the stages' memory");

  Shared<f16> sX = sharedArray<f16>(0, STAGES * X);
  Shared<f16> sWeight = sharedArray<f16>(WEIGHT_OFFSET, STAGES * WEIGHT);
};
using Large = Tile<2, 4, 2>;
using Small = Tile<1, 4, 1>;

// Where piece `piece` of a row lies in a matrix of rows of DEPTH.
DEVICE int placeOf(int row, int piece) { return row * DEPTH + (piece ^ (row >> 1 & 3)) * PIECE; }

// `count` rows of DEPTH inputs from (firstRow, k) on; zeros where the matrix does not reach.
template <int count, int threads>
DEVICE void copyRows(Shared<f16> to, int at, Global<f16> from, int firstRow, int rows, int pitch, int k, int inputs) {
#pragma unroll
  for (int i = threadIdx.x; i < count * PIECES; i += threads) {
    int row = i / PIECES, piece = i % PIECES;
    bool valid = firstRow + row < rows && k + piece * PIECE < inputs;
    copyAsync16(to, at + placeOf(row, piece), from, static_cast<int64_t>(firstRow + row) * pitch + k + piece * PIECE, valid);
  }
}

template <typename T>
using Sums = float[T::BLOCKS][T::WARP_COLUMNS / 2];

// sums += a stage's rows times its weights, for the warp's rows and columns.
template <typename T>
DEVICE void multiply(Sums<T>& sums, const T& tile, int stage, int warpRow, int warpColumn, int lane) {
  int xRow = warpRow + lane % 16, weightRow = warpColumn + lane / 16 * 8 + lane % 8;
#pragma unroll
  for (int piece = 0; piece < PIECES; piece += 2) {
    uint32_t a[T::BLOCKS][4];
#pragma unroll
    for (int block = 0; block < T::BLOCKS; block++) {
      loadMatrix4(a[block], tile.sX, stage * T::X + placeOf(xRow + block * 16, piece + lane / 16));
    }
#pragma unroll
    for (int pair = 0; pair < T::WARP_COLUMNS / 16; pair++) {
      uint32_t b[4];
      loadMatrix4(b, tile.sWeight, stage * T::WEIGHT + placeOf(weightRow + pair * 16, piece + lane / 8 % 2));
#pragma unroll
      for (int block = 0; block < T::BLOCKS; block++) {
#pragma unroll
        for (int side = 0; side < 2; side++) {
          float(&d)[4] = *reinterpret_cast<float(*)[4]>(&sums[block][8 * pair + 4 * side]);
          mma16816(d, a[block], {b[2 * side], b[2 * side + 1]});
        }
      }
    }
  }
}

template <typename T>
DEVICE void copyStage(const GemmArguments& args, const T& tile, int step, int firstRow, int firstColumn) {
  int stage = step % STAGES, k = step * DEPTH, weightPitch = (args.inputs + 7) / 8 * 8;
  copyRows<T::ROWS, T::THREADS>(tile.sX, stage * T::X, args.x, firstRow, args.rows, args.xPitch, k, args.inputs);
  copyRows<T::COLUMNS, T::THREADS>(tile.sWeight, stage * T::WEIGHT, args.weight, firstColumn, args.outputs, weightPitch, k, args.inputs);
}

template <typename T, Epilogue epilogue>
DEVICE void run(const GemmArguments& args) {
  T tile;
  int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  int firstRow = blockIdx.y * T::ROWS, firstColumn = blockIdx.x * T::COLUMNS;
  int warpRow = warp / T::WARPS_ACROSS * T::WARP_ROWS, warpColumn = warp % T::WARPS_ACROSS * T::WARP_COLUMNS;
  int steps = (args.inputs + DEPTH - 1) / DEPTH;

#pragma unroll
  for (int step = 0; step < STAGES - 1; step++) {
    if (step < steps) copyStage(args, tile, step, firstRow, firstColumn);
    copyAsyncCommit();
  }
  Sums<T> sums = {};
  for (int step = 0; step < steps; step++) {
    copyAsyncWait<STAGES - 2>();
    // A thread that passes is done with the stage before, which is the next to be copied to.
    syncThreads();
    if (step + STAGES - 1 < steps) copyStage(args, tile, step + STAGES - 1, firstRow, firstColumn);
    copyAsyncCommit();
    multiply(sums, tile, step % STAGES, warpRow, warpColumn, lane);
  }

  // From here on the stages' memory, to which no copy is under way any more, is the epilogue's.
  syncThreads();
  int column = firstColumn + warpColumn;
  if (column >= args.outputs) return;
#pragma unroll
  for (int block = 0; block < T::BLOCKS; block++) {
    int row = firstRow + warpRow + block * 16;
    if (row < args.rows) gemm::writePiece<epilogue>(args, sums[block], row, column, warp * gemm::TURN_BYTES<epilogue>, lane);
  }
}

}  // namespace

KERNEL(gemm_bias_f16_128x128, GemmArguments, Large::THREADS, 2) { run<Large, Epilogue::BIAS_F16>(args); }
KERNEL(gemm_bias_f16_64x64, GemmArguments, Small::THREADS, 4) { run<Small, Epilogue::BIAS_F16>(args); }
KERNEL(gemm_bias_f32_128x128, GemmArguments, Large::THREADS, 2) { run<Large, Epilogue::BIAS_F32>(args); }
KERNEL(gemm_bias_f32_64x64, GemmArguments, Small::THREADS, 4) { run<Small, Epilogue::BIAS_F32>(args); }
KERNEL(gemm_gelu_f16_128x128, GemmArguments, Large::THREADS, 2) { run<Large, Epilogue::GELU_F16>(args); }
KERNEL(gemm_gelu_f16_64x64, GemmArguments, Small::THREADS, 4) { run<Small, Epilogue::GELU_F16>(args); }
KERNEL(gemm_add_f32_128x128, GemmArguments, Large::THREADS, 2) { run<Large, Epilogue::ADD_F32>(args); }
KERNEL(gemm_add_f32_64x64, GemmArguments, Small::THREADS, 4) { run<Small, Epilogue::ADD_F32>(args); }
KERNEL(gemm_add_f16_128x128, GemmArguments, Large::THREADS, 2) { run<Large, Epilogue::ADD_F16>(args); }
KERNEL(gemm_add_f16_64x64, GemmArguments, Small::THREADS, 4) { run<Small, Epilogue::ADD_F16>(args); }

#define FACTS(kernel, Shape)                     \
  LAUNCH_FACT(kernel, sharedBytes, Shape::BYTES) \
  LAUNCH_FACT(kernel, tileX, Shape::COLUMNS)     \
  LAUNCH_FACT(kernel, tileY, Shape::ROWS)

FACTS(gemm_bias_f16_128x128, Large)
FACTS(gemm_bias_f16_64x64, Small)
FACTS(gemm_bias_f32_128x128, Large)
FACTS(gemm_bias_f32_64x64, Small)
FACTS(gemm_gelu_f16_128x128, Large)
FACTS(gemm_gelu_f16_64x64, Small)
FACTS(gemm_add_f32_128x128, Large)
FACTS(gemm_add_f32_64x64, Small)
FACTS(gemm_add_f16_128x128, Large)
FACTS(gemm_add_f16_64x64, Small)
