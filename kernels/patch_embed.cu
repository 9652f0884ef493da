// patch_embed_u8, patch_embed_f32: patches of images times the projection, plus bias and position.
//
// Formula    u8:  out = scale * sum_k f16(pixel - center[channel]) weight[k] + bias + position.  f32: a = f16(pixel * factor[channel]),
//            scale 1. k = (y * patchSize + x) * 3 + channel, y and x inside the patch.
// Shapes     pixels u8 [images, size, size, 3] or f32 [images, 3, size, size]; weight f16 [width, kPitch], kPitch a multiple of 32 with
//            zeros from 3 * patchSize^2 on; out f32 or f16 [images * grid^2, width]. What is left of an image after grid patches is not read.
// Grid       (width, images * grid^2): a block computes 64 patches x 64 columns, each of 2 x 2 warps 32 x 32; 32 values at a time,
//            two stages. No patch matrix in memory: pixels go through registers to shared memory, weights by cp.async.
// Gather     A lane keeps its two values of a patch (place, channel) for 8 patches, so that the divisions happen once per tile. Loads are single
//            bytes: rows of a patch begin at any byte, and what a warp reads together is consecutive.
// Shared     2 stages * 2 * 64 * 40 * 2, starts of 64 patches 512. 5 blocks per SM.
// built: patch_embed_f32, 128 threads, 20992 bytes of dynamic shared memory, tileX=64 tileY=64; registers sm_80 96, sm_90a 96
// built: patch_embed_u8, 128 threads, 20992 bytes of dynamic shared memory, tileX=64 tileY=64; registers sm_80 96, sm_90a 96
// Banks      Rows of 80 bytes, five 16-byte vectors: 8 rows start at vectors 0, 5, 2, 7, 4, 1, 6, 3 of 8, so ldmatrix has no conflicts.
// Work       729 patches of 588 -> 1152: 0.99 GFLOP (run as 768 x 608 x 1152: 1.08), 0.4 MB of pixels and 3.4 MB (f32) out per image: 1.1 us
//            of tensor cores at 989 TFLOP/s, 1.1 us of HBM at 3.35 TB/s. The roof is neither: 18 blocks gather each patch, about 2.5 k
//            instructions per thread, predicted at 5 us per image in batches: 0.3 % of the tower.
// Test       native/emulator/test/patch_embed_test.cpp (float64 loops); EmbeddingCases of the op contract.
#include <cmath>

#include "device.cuh"

namespace {

template <typename Pixel>
struct PatchEmbedArguments {
  Global<Pixel> pixels;  // u8: [images, imageSize, imageSize, 3]; f32: [images, 3, imageSize, imageSize]
  Global<f16> weight;  // [width, kPitch], zeros from 3 * patchSize^2 on
  Global<float> bias;  // [width]
  Global<float> positions;  // [grid^2, width]
  union {  // [images * grid^2, width]
    Global<float> asFloats;
    Global<f16> asHalves;
  } out;
  float center[3];  // subtracted from a byte
  float factor[3];  // multiplies a float
  float scale;  // of sums over bytes
  int32_t images;
  int32_t imageSize;
  int32_t patchSize;
  int32_t grid;  // patches a side
  int32_t width;
  int32_t kPitch;  // a multiple of DEPTH
  int32_t outPitch;
  int32_t outFloat32;
};

constexpr int THREADS = 128;
constexpr int TILE = 64;  // patches, and columns of the output
constexpr int DEPTH = 32;  // values of a patch at a time
constexpr int PITCH = DEPTH + 8;  // five 16-byte vectors: an odd number, so the eight rows of an ldmatrix meet all banks
constexpr int PART = TILE * PITCH;
constexpr int WARP_TILE = 32;  // each of the 2 x 2 warps: 32 patches x 32 columns
constexpr int ROW_BLOCKS = WARP_TILE / 16;
constexpr int COLUMN_BLOCKS = WARP_TILE / 8;

// A thread gathers two neighbouring values (a lane's column of the tile) of every 8th patch.
constexpr int PAIRS = DEPTH / 2;
constexpr int ROWS_AT_ONCE = THREADS / PAIRS;
constexpr int GATHERED = TILE / ROWS_AT_ONCE;

// Shared memory, in bytes: two stages of patches, two of weights, then where each patch begins in the image.
constexpr int PATCHES_AT = 0;
constexpr int WEIGHTS_AT = 2 * PART * sizeof(f16);
constexpr int STARTS_AT = 2 * WEIGHTS_AT;

// Bytes lie pixel by pixel: from one row of a patch to the next it is a whole row of the image, within a row all is consecutive.
DEVICE int64_t patchStart(const PatchEmbedArguments<uint8_t>& args, int image, int y, int x) {
  return ((static_cast<int64_t>(image) * args.imageSize + y) * args.imageSize + x) * 3;
}
DEVICE int64_t patchStart(const PatchEmbedArguments<float>& args, int image, int y, int x) {
  return (static_cast<int64_t>(image) * 3 * args.imageSize + y) * args.imageSize + x;
}

// One value of every patch: where it lies from the patch's start, and how it is prepared.
template <typename Pixel>
struct PatchValue;

template <>
struct PatchValue<uint8_t> {
  int offset;
  float center;

  DEVICE PatchValue(const PatchEmbedArguments<uint8_t>& args, int y, int x, int channel)
      : offset((y * args.imageSize + x) * 3 + channel), center(args.center[channel]) {}
  DEVICE float prepare(uint8_t pixel) const { return static_cast<float>(pixel) - center; }
  DEVICE static float scale(const PatchEmbedArguments<uint8_t>& args) { return args.scale; }
};

template <>
struct PatchValue<float> {
  int offset;
  float factor;

  DEVICE PatchValue(const PatchEmbedArguments<float>& args, int y, int x, int channel)
      : offset((channel * args.imageSize + y) * args.imageSize + x), factor(args.factor[channel]) {}
  DEVICE float prepare(float pixel) const { return pixel * factor; }
  DEVICE static float scale(const PatchEmbedArguments<float>&) { return 1; }
};

// A thread's share of the next tile of patches, on its way from the image to shared memory.
template <typename Pixel>
struct Gathered {
  uint32_t pairs[GATHERED];

  DEVICE void load(const PatchEmbedArguments<Pixel>& args, Shared<int64_t> sStarts, int firstK) {
    int k = firstK + static_cast<int>(threadIdx.x) % PAIRS * 2;
    int rowValues = 3 * args.patchSize;
    int values = rowValues * args.patchSize;
    PatchValue<Pixel> low(args, k / rowValues, k % rowValues / 3, k % 3);
    PatchValue<Pixel> high(args, (k + 1) / rowValues, (k + 1) % rowValues / 3, (k + 1) % 3);
#pragma unroll
    for (int i = 0; i < GATHERED; i++) {
      int64_t start = sStarts.get(i * ROWS_AT_ONCE + static_cast<int>(threadIdx.x) / PAIRS);
      float lowValue = k < values ? low.prepare(args.pixels.get(start + low.offset)) : 0;
      float highValue = k + 1 < values ? high.prepare(args.pixels.get(start + high.offset)) : 0;
      pairs[i] = packHalves(lowValue, highValue);
    }
  }

  DEVICE void store(Shared<uint32_t> sPairs) const {
#pragma unroll
    for (int i = 0; i < GATHERED; i++) {
      int row = i * ROWS_AT_ONCE + static_cast<int>(threadIdx.x) / PAIRS;
      sPairs.set(row * (PITCH / 2) + static_cast<int>(threadIdx.x) % PAIRS, pairs[i]);
    }
  }
};

// Where each patch of the block's tile begins. Patches after the last one repeat it: they are computed and not written.
template <typename Pixel>
DEVICE void findStarts(const PatchEmbedArguments<Pixel>& args, Shared<int64_t> sStarts, int firstPatch, int patches) {
  int thread = threadIdx.x;
  if (thread < TILE) {
    int patch = firstPatch + thread < patches ? firstPatch + thread : patches - 1;
    int token = patch % (args.grid * args.grid);
    int image = patch / (args.grid * args.grid);
    sStarts.set(thread, patchStart(args, image, token / args.grid * args.patchSize, token % args.grid * args.patchSize));
  }
}

template <typename Pixel>
DEVICE void copyWeights(const PatchEmbedArguments<Pixel>& args, Shared<f16> to, int firstColumn, int firstK) {
  constexpr int VECTORS = DEPTH / 8;
#pragma unroll
  for (int i = threadIdx.x; i < TILE * VECTORS; i += THREADS) {
    int column = firstColumn + i / VECTORS;
    int64_t from = static_cast<int64_t>(column) * args.kPitch + firstK + i % VECTORS * 8;
    copyAsync16(to, i / VECTORS * PITCH + i % VECTORS * 8, args.weight, from, column < args.width);
  }
}

// sums += one tile's patches times its weights, for the warp's patches and columns.
DEVICE void multiply(float (&sums)[ROW_BLOCKS][COLUMN_BLOCKS][4], Shared<f16> sPatches, Shared<f16> sWeights, int warpPatch,
                     int warpColumn, int lane) {
  int patchesAt = (warpPatch + lane % 16) * PITCH + lane / 16 * 8;
  int weightsAt = (warpColumn + lane / 16 * 8 + lane % 8) * PITCH + lane / 8 % 2 * 8;
#pragma unroll
  for (int step = 0; step < DEPTH; step += 16) {
    uint32_t a[ROW_BLOCKS][4];
#pragma unroll
    for (int block = 0; block < ROW_BLOCKS; block++) {
      loadMatrix4(a[block], sPatches, patchesAt + block * 16 * PITCH + step);
    }
#pragma unroll
    for (int pair = 0; pair < COLUMN_BLOCKS / 2; pair++) {
      uint32_t b[4];
      loadMatrix4(b, sWeights, weightsAt + pair * 16 * PITCH + step);
#pragma unroll
      for (int block = 0; block < ROW_BLOCKS; block++) {
        mma16816(sums[block][2 * pair], a[block], {b[0], b[1]});
        mma16816(sums[block][2 * pair + 1], a[block], {b[2], b[3]});
      }
    }
  }
}

// Two neighbouring columns of a row: scale, bias, position; zeros in the padding.
template <typename Pixel>
DEVICE void writePair(const PatchEmbedArguments<Pixel>& args, int patch, int column, float low, float high) {
  float values[2] = {low, high};
  float scale = PatchValue<Pixel>::scale(args);
  int64_t position = static_cast<int64_t>(patch % (args.grid * args.grid)) * args.width;
  for (int i = 0; i < 2; i++) {
    bool inside = column + i < args.width;
    values[i] = inside ? fmaf(scale, values[i], args.bias.get(column + i)) + args.positions.get(position + column + i) : 0;
  }
  int64_t at = static_cast<int64_t>(patch) * args.outPitch + column;
  if (args.outFloat32 != 0) {
    args.out.asFloats.template store<2>(at, Vector<float, 2>{values[0], values[1]});
  } else {
    args.out.asHalves.template store<2>(at, Vector<f16, 2>{toHalf(values[0]), toHalf(values[1])});
  }
}

template <typename Pixel>
DEVICE void patchEmbed(const PatchEmbedArguments<Pixel>& args) {
  Shared<int64_t> sStarts = sharedArray<int64_t>(STARTS_AT, TILE);
  int firstPatch = blockIdx.y * TILE;
  int firstColumn = blockIdx.x * TILE;
  int patches = args.images * args.grid * args.grid;
  int lane = threadIdx.x % WARP;
  int warpPatch = threadIdx.x / WARP / 2 * WARP_TILE;
  int warpColumn = threadIdx.x / WARP % 2 * WARP_TILE;

  copyWeights(args, sharedArray<f16>(WEIGHTS_AT, PART), firstColumn, 0);
  copyAsyncCommit();
  findStarts(args, sStarts, firstPatch, patches);
  syncThreads();
  Gathered<Pixel> next;
  next.load(args, sStarts, 0);
  float sums[ROW_BLOCKS][COLUMN_BLOCKS][4] = {};
  for (int k = 0, stage = 0; k < args.kPitch; k += DEPTH, stage ^= 1) {
    int stageAt = stage * PART * static_cast<int>(sizeof(f16));
    int otherAt = (stage ^ 1) * PART * static_cast<int>(sizeof(f16));
    next.store(sharedArray<uint32_t>(PATCHES_AT + stageAt, PART / 2));
    copyAsyncWait<0>();
    // One barrier per tile: a thread that passes it is done with the tile before, which lies where the next one will.
    syncThreads();
    if (k + DEPTH < args.kPitch) {
      copyWeights(args, sharedArray<f16>(WEIGHTS_AT + otherAt, PART), firstColumn, k + DEPTH);
      copyAsyncCommit();
      next.load(args, sStarts, k + DEPTH);
    }
    multiply(sums, sharedArray<f16>(PATCHES_AT + stageAt, PART), sharedArray<f16>(WEIGHTS_AT + stageAt, PART), warpPatch, warpColumn,
             lane);
  }
#pragma unroll
  for (int block = 0; block < ROW_BLOCKS; block++) {
#pragma unroll
    for (int i = 0; i < COLUMN_BLOCKS * 2; i++) {
      int patch = firstPatch + warpPatch + block * 16 + i % 2 * 8 + lane / 4;
      int columnBlock = firstColumn + warpColumn + i / 2 * 8;
      if (patch < patches && columnBlock < args.width) {
        float (&sum)[4] = sums[block][i / 2];
        writePair(args, patch, columnBlock + lane % 4 * 2, sum[i % 2 * 2], sum[i % 2 * 2 + 1]);
      }
    }
  }
}

}  // namespace

KERNEL(patch_embed_u8, PatchEmbedArguments<uint8_t>, THREADS, 5) { patchEmbed(args); }
KERNEL(patch_embed_f32, PatchEmbedArguments<float>, THREADS, 5) { patchEmbed(args); }

LAUNCH_FACT(patch_embed_u8, tileX, TILE)
LAUNCH_FACT(patch_embed_u8, tileY, TILE)
LAUNCH_FACT(patch_embed_u8, sharedBytes, STARTS_AT + TILE * sizeof(int64_t))
LAUNCH_FACT(patch_embed_f32, tileX, TILE)
LAUNCH_FACT(patch_embed_f32, tileY, TILE)
LAUNCH_FACT(patch_embed_f32, sharedBytes, STARTS_AT + TILE * sizeof(int64_t))
