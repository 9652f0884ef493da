// attention_d24, attention_d64, attention_d72: softmax attention over packed sequences, on mma.sync (sm_80 and up).
//
// Formula    out[q] = sum_k p[q][k] v[k] / sum_k p[q][k],  p[q][k] = 2^(q.k * scaleLog2e - shift[q]), k over the first keyLength rows.
//            The scale is the multiplier of the exponent's FMA, which is there for the shift anyway: folding it into q would save nothing.
// Shapes     qkv f16 [rows, 3 * width] (queries, keys, values, each by head), out f16 [rows, width]; sums and softmax f32, p f16 for P V
// Grid       (tiles, heads): tiles of at most tileRows queries of one sequence, 16 (d24, d64) or 32 (d72) per warp
// Keys       Tiles of 64, always from the sequence's first key on, so a query's bits depend on its row and keys alone. Two stages: tile
//            t + 1 is on its way (cp.async) while tile t is computed; one barrier per tile. Rows from keyLength on are not read: they arrive
//            as zeros, their scores are masked, and groups of 16 of them are skipped. Only a sequence's last tile has that code.
// Fragments  Queries and sums stay in registers, scores become the A fragments of P V where they are. Widths of 8 modulo 16 end in an
//            m16n8k8 for Q K^T, and P V has 9, 8 or 3 blocks of 8 columns: nothing is padded to 80 or 32 anywhere.
// Softmax    Online. The shift follows the largest score only when that outgrows it by 2^8, so sums are rarely scaled down; p stays below 256.
//
// Shared     2 stages * (64 keys + 64 values) * pitch * 2; queries pass through the second stage before it is needed, results through
//            whichever is free at the end. The pitch is 72 for d72 and d64, 24 for d24.
// Banks      A pitch is an odd number of 16-byte vectors: 72 elements are 9, and 8 rows start at vectors 0, 1, 2, ... 7 of 8; 24 are 3, at 0,
//            3, 6, 1, 4, 7, 2, 5. So ldmatrix has no conflicts, nor have the results' 4-byte stores (4 g + t is 0 .. 31).
// built: attention_d24, 128 threads, 12288 bytes of dynamic shared memory, tileRows=64; registers sm_80 96, sm_90a 96
// built: attention_d64, 128 threads, 36864 bytes of dynamic shared memory, tileRows=64; registers sm_80 128, sm_90a 128
// built: attention_d72, 128 threads, 36864 bytes of dynamic shared memory, tileRows=128; registers sm_80 254, sm_90a 254
//            Blocks per SM: 5, 4, 2 by registers. d72 has queries 36, scores 64, sums 72 in registers.
//
// Work       An image: 729 tokens, 16 heads of 72: 2.45 GFLOP, 8.5 M exponentials; 6 x 16 blocks run 768 queries x 736 keys, 2.60 GFLOP and
//            9.0 M. HBM: 5.0 MB in, 1.7 MB out. A text of 77: 12 heads of 64, 18 MFLOP, 0.35 MB in, 0.12 MB out.
// Roofs      H100 SXM, 132 SMs at 1.83 GHz, an image: HBM 3.35 TB/s 2.0 us; tensor cores 989 TFLOP/s 2.6 us (mma.sync does not reach that
//            on Hopper, where attention_sm90.cu is meant to be used); exponentials, 16 per clock and SM, 2.3 us. Shared memory at 128 bytes
//            per clock and SM: a warp reads 18 KiB per key tile, a block 4 times that and 18 KiB of copies, 92160 bytes for 128 x 64 scores:
//            3.3 us, the limit. With 16 queries per warp it would be 6.6 us, and L2 read 40 MB instead of 20 MB.
// Predicted  Between 4 and 7 us per image in batches that fill the SMs. Nothing of this was measured.
// Test       native/emulator/test/attention_test.cpp (float64 loops), AttentionCases and InvarianceCases of the op contract.
#include <cmath>

#include "attention_results.cuh"

namespace {

struct AttentionArguments {
  Global<f16> qkv;  // [rows, 3 * width]: queries, keys, values
  Global<f16> out;  // [rows, width]
  Global<int32_t> tiles;  // [tiles]: first row, rows, first key row, key length
  int32_t width;
  int32_t qkvPitch;
  int32_t outPitch;
  float scaleLog2e;  // log2(e) / sqrt(head width)
};

constexpr int THREADS = 128;
constexpr int WARPS = THREADS / WARP;
constexpr int TILE_KEYS = 64;
constexpr int SCORE_BLOCKS = TILE_KEYS / 8;
// What one ldmatrix.x4 of K covers of the keys, and the depth of one mma over the keys of P V.
constexpr int KEY_GROUP = 16;
constexpr int KEY_GROUPS = TILE_KEYS / KEY_GROUP;
// How far scores may outgrow the largest one so far before sums are scaled down to it: weights stay below 2^8, far from f16's 65504.
constexpr float HEADROOM_LOG2 = 8;

// How a head of this width lies in shared memory, in fragments and over the warps.
template <int HEAD_WIDTH>
struct Head {
  static_assert(HEAD_WIDTH % 8 == 0, "a head's row is whole 16-byte vectors");
  static constexpr int VECTORS = HEAD_WIDTH / 8;
  // An odd number of 16-byte vectors: eight consecutive rows of an ldmatrix then start in eight different groups of banks.
  static constexpr int PITCH = VECTORS % 2 == 1 ? HEAD_WIDTH : HEAD_WIDTH + 8;
  static constexpr int STAGE = 2 * TILE_KEYS * PITCH;  // a tile of keys, then one of values
  // Depth steps of Q K^T: whole ones of 16, then perhaps one of 8.
  static constexpr int STEPS = HEAD_WIDTH / 16;
  static constexpr bool HALF_STEP = HEAD_WIDTH % 16 != 0;
  // Blocks of 16 queries a warp. Images have the rows for two, which halve what is read of keys and values per query; texts have not.
  static constexpr int ROW_BLOCKS = HEAD_WIDTH == 72 ? 2 : 1;
  static constexpr int WARP_QUERIES = ROW_BLOCKS * 16;
  static constexpr int TILE_QUERIES = WARPS * WARP_QUERIES;
  static_assert(TILE_QUERIES <= 2 * TILE_KEYS, "queries fit in a stage");
};

// 16 queries. Lane l holds, of each fragment, row l / 4 in [0] and [1] and row l / 4 + 8 in [2] and [3].
template <int HEAD_WIDTH>
struct RowBlock {
  uint32_t q[Head<HEAD_WIDTH>::STEPS][4];
  uint32_t qHalfStep[2];
  float out[Head<HEAD_WIDTH>::VECTORS][4];  // not yet divided by the sums
  float shift[2];  // what is taken off the scaled scores: about the largest so far
  float sum[2];  // of this lane's columns
};

template <int HEAD_WIDTH>
using WarpState = RowBlock<HEAD_WIDTH>[Head<HEAD_WIDTH>::ROW_BLOCKS];
using Scores = float[SCORE_BLOCKS][4];

// Rows `firstRow` .. `firstRow + TILE` of one head to shared memory; zeros from row `rows` on.
template <int HEAD_WIDTH, int TILE, typename A>
DEVICE void copyRows(Shared<f16> to, const A& args, int firstRow, int rows, int column) {
  using H = Head<HEAD_WIDTH>;
  for (int i = threadIdx.x; i < TILE * H::VECTORS; i += THREADS) {
    int row = i / H::VECTORS;
    int vector = i % H::VECTORS;
    int64_t from = static_cast<int64_t>(firstRow + row) * args.qkvPitch + column + vector * 8;
    copyAsync16(to, row * H::PITCH + vector * 8, args.qkv, from, row < rows);
  }
}

// Keys and values of one tile.
template <int HEAD_WIDTH, typename A>
DEVICE void copyTile(Shared<f16> to, const A& args, int firstKey, int keys, int column) {
  using H = Head<HEAD_WIDTH>;
  for (int i = threadIdx.x; i < TILE_KEYS * H::VECTORS; i += THREADS) {
    int row = i / H::VECTORS;
    int vector = i % H::VECTORS;
    int at = row * H::PITCH + vector * 8;
    int64_t from = static_cast<int64_t>(firstKey + row) * args.qkvPitch + args.width + column + vector * 8;
    copyAsync16(to, at, args.qkv, from, row < keys);
    copyAsync16(to, at + TILE_KEYS * H::PITCH, args.qkv, from + args.width, row < keys);
  }
}

template <int HEAD_WIDTH>
DEVICE void start(WarpState<HEAD_WIDTH>& warp, Shared<f16> sQ, int firstQuery, int lane) {
  using H = Head<HEAD_WIDTH>;
#pragma unroll
  for (int block = 0; block < H::ROW_BLOCKS; block++) {
    RowBlock<HEAD_WIDTH>& rows = warp[block];
    int at = (firstQuery + block * 16 + lane % 16) * H::PITCH;
#pragma unroll
    for (int step = 0; step < H::STEPS; step++) {
      loadMatrix4(rows.q[step], sQ, at + step * 16 + lane / 16 * 8);
    }
    if constexpr (H::HALF_STEP) {
      loadMatrix2(rows.qHalfStep, sQ, at + H::STEPS * 16);
    }
#pragma unroll
    for (int i = 0; i < H::VECTORS * 4; i++) {
      rows.out[i / 4][i % 4] = 0;
    }
#pragma unroll
    for (int half = 0; half < 2; half++) {
      rows.shift[half] = -INFINITY;
      rows.sum[half] = 0;
    }
  }
}

// scores += Q K^T for the tile's keys; groups of keys from `keys` on are left alone.
template <int HEAD_WIDTH, bool WHOLE>
DEVICE void multiplyKeys(Scores (&scores)[Head<HEAD_WIDTH>::ROW_BLOCKS], const WarpState<HEAD_WIDTH>& warp, Shared<f16> sStage, int keys,
                         int lane) {
  using H = Head<HEAD_WIDTH>;
  int at = (lane / 16 * 8 + lane % 8) * H::PITCH + lane / 8 % 2 * 8;
#pragma unroll
  for (int step = 0; step < H::STEPS; step++) {
#pragma unroll
    for (int group = 0; group < KEY_GROUPS; group++) {
      if (WHOLE || group * KEY_GROUP < keys) {
        uint32_t k[4];
        loadMatrix4(k, sStage, at + group * KEY_GROUP * H::PITCH + step * 16);
#pragma unroll
        for (int block = 0; block < H::ROW_BLOCKS; block++) {
          mma16816(scores[block][2 * group], warp[block].q[step], {k[0], k[1]});
          mma16816(scores[block][2 * group + 1], warp[block].q[step], {k[2], k[3]});
        }
      }
    }
  }
  if constexpr (H::HALF_STEP) {
    // One ldmatrix.x4 reads 8 columns of 32 keys.
#pragma unroll
    for (int i = 0; i < SCORE_BLOCKS; i += 4) {
      if (WHOLE || i * 8 < keys) {
        uint32_t k[4];
        loadMatrix4(k, sStage, (i * 8 + lane) * H::PITCH + H::STEPS * 16);
#pragma unroll
        for (int block = 0; block < H::ROW_BLOCKS; block++) {
#pragma unroll
          for (int j = 0; j < 4; j++) {
            mma1688(scores[block][i + j], warp[block].qHalfStep, k[j]);
          }
        }
      }
    }
  }
}

// Scores become weights 2^(scaled score - shift), those of keys from `keys` on 0. Where the shift grows, earlier sums are scaled to it.
template <int HEAD_WIDTH, bool WHOLE>
DEVICE void exponentials(Scores& scores, RowBlock<HEAD_WIDTH>& rows, int keys, float scaleLog2e, int lane) {
  float largest[2] = {-INFINITY, -INFINITY};
#pragma unroll
  for (int i = 0; i < SCORE_BLOCKS * 4; i++) {
    float& score = scores[i / 4][i % 4];
    if (!WHOLE && i / 4 * 8 + lane % 4 * 2 + i % 2 >= keys) {
      score = -INFINITY;
    }
    largest[i / 2 % 2] = fmaxf(largest[i / 2 % 2], score);
  }
  bool grown = false;
  float correction[2];
#pragma unroll
  for (int half = 0; half < 2; half++) {
    largest[half] = fmaxf(largest[half], shuffleXor(largest[half], 1));
    largest[half] = fmaxf(largest[half], shuffleXor(largest[half], 2));
    float scaled = largest[half] * scaleLog2e;
    bool grows = scaled - rows.shift[half] > HEADROOM_LOG2;
    correction[half] = grows ? exp2Approximate(rows.shift[half] - scaled) : 1;
    rows.shift[half] = grows ? scaled : rows.shift[half];
    rows.sum[half] *= correction[half];
    grown |= grows;
  }
  // Skipped by the whole warp or not at all. A row whose shift stays is multiplied by 1: its bits do not depend on its neighbours.
  if (voteMask(grown) != 0) {
#pragma unroll
    for (int i = 0; i < Head<HEAD_WIDTH>::VECTORS * 4; i++) {
      rows.out[i / 4][i % 4] *= correction[i / 2 % 2];
    }
  }
#pragma unroll
  for (int block = 0; block < SCORE_BLOCKS; block++) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      scores[block][i] = exp2Approximate(fmaf(scores[block][i], scaleLog2e, -rows.shift[i / 2]));
    }
    rows.sum[0] += scores[block][0] + scores[block][1];
    rows.sum[1] += scores[block][2] + scores[block][3];
  }
}

// out += P V, P rounded to f16. Two score fragments of 8 keys are, pair by pair, the A fragment of 16.
template <int HEAD_WIDTH, bool WHOLE>
DEVICE void addValues(WarpState<HEAD_WIDTH>& warp, const Scores (&p)[Head<HEAD_WIDTH>::ROW_BLOCKS], Shared<f16> sStage, int keys,
                      int lane) {
  using H = Head<HEAD_WIDTH>;
  constexpr int PAIRS = H::VECTORS / 2;
  int at = (TILE_KEYS + lane % 16) * H::PITCH + lane / 16 * 8;
#pragma unroll
  for (int group = 0; group < KEY_GROUPS; group++) {
    if (WHOLE || group * KEY_GROUP < keys) {
      uint32_t a[H::ROW_BLOCKS][4];
#pragma unroll
      for (int i = 0; i < H::ROW_BLOCKS * 4; i++) {
        const float (&pairs)[4] = p[i / 4][2 * group + i % 4 / 2];
        a[i / 4][i % 4] = packHalves(pairs[i % 2 * 2], pairs[i % 2 * 2 + 1]);
      }
#pragma unroll
      for (int pair = 0; pair < PAIRS; pair++) {
        uint32_t v[4];
        loadMatrix4Transposed(v, sStage, at + group * KEY_GROUP * H::PITCH + pair * 16);
#pragma unroll
        for (int block = 0; block < H::ROW_BLOCKS; block++) {
          mma16816(warp[block].out[2 * pair], a[block], {v[0], v[1]});
          mma16816(warp[block].out[2 * pair + 1], a[block], {v[2], v[3]});
        }
      }
      if constexpr (H::VECTORS % 2 == 1) {
        uint32_t v[2];
        loadMatrix2Transposed(v, sStage, (TILE_KEYS + group * KEY_GROUP + lane % 16) * H::PITCH + PAIRS * 16);
#pragma unroll
        for (int block = 0; block < H::ROW_BLOCKS; block++) {
          mma16816(warp[block].out[H::VECTORS - 1], a[block], v);
        }
      }
    }
  }
}

template <int HEAD_WIDTH, bool WHOLE>
DEVICE void attendTile(WarpState<HEAD_WIDTH>& warp, Shared<f16> sStage, int keys, float scaleLog2e, int lane) {
  using H = Head<HEAD_WIDTH>;
  Scores scores[H::ROW_BLOCKS] = {};
  multiplyKeys<HEAD_WIDTH, WHOLE>(scores, warp, sStage, keys, lane);
#pragma unroll
  for (int block = 0; block < H::ROW_BLOCKS; block++) {
    exponentials<HEAD_WIDTH, WHOLE>(scores[block], warp[block], keys, scaleLog2e, lane);
  }
  addValues<HEAD_WIDTH, WHOLE>(warp, scores, sStage, keys, lane);
}

// Divides by the sums and writes the warp's first `queries` rows, through shared memory so that each store is a whole piece.
template <int HEAD_WIDTH, typename R>
DEVICE void writeRows(WarpState<HEAD_WIDTH>& warp, const R& results, int sharedAt, int firstRow, int queries, int column, int lane) {
  using H = Head<HEAD_WIDTH>;
  auto sRows = sharedArray<typename R::Element>(sharedAt, H::WARP_QUERIES * H::PITCH);
#pragma unroll
  for (int block = 0; block < H::ROW_BLOCKS; block++) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      float sum = warp[block].sum[half];
      sum += shuffleXor(sum, 1);
      sum += shuffleXor(sum, 2);
      float factor = results.factor(sum);
      int row = block * 16 + half * 8 + lane / 4;
#pragma unroll
      for (int i = 0; i < H::VECTORS; i++) {
        const float (&out)[4] = warp[block].out[i];
        sRows.template store<2>(row * H::PITCH + i * 8 + lane % 4 * 2, results.pair(out[2 * half] * factor, out[2 * half + 1] * factor));
      }
    }
  }
  syncWarp();
  for (int i = lane; i < H::WARP_QUERIES * H::VECTORS; i += WARP) {
    int row = i / H::VECTORS;
    int vector = i % H::VECTORS;
    if (row < queries) writePiece(results, firstRow + row, column + vector * 8, sRows, row * H::PITCH + vector * 8);
  }
}

template <int HEAD_WIDTH, typename A, typename R>
DEVICE void attend(const A& args, const R& results) {
  using H = Head<HEAD_WIDTH>;
  constexpr int STAGE_BYTES = H::STAGE * sizeof(f16);
  Vector<int32_t, 4> tile = args.tiles.template load<4>(static_cast<int64_t>(blockIdx.x) * 4);
  int firstRow = tile[0];
  int queries = tile[1];
  int firstKey = tile[2];
  int keyLength = tile[3];
  int column = blockIdx.y * HEAD_WIDTH;
  int lane = threadIdx.x % WARP;
  int warpQuery = threadIdx.x / WARP * H::WARP_QUERIES;
  int keyTiles = (keyLength + TILE_KEYS - 1) / TILE_KEYS;

  // The queries lie where the second tile of keys will, until they are in registers.
  Shared<f16> sQueries = sharedArray<f16>(STAGE_BYTES, H::STAGE);
  copyRows<HEAD_WIDTH, H::TILE_QUERIES>(sQueries, args, firstRow, queries, column);
  copyTile<HEAD_WIDTH>(sharedArray<f16>(0, H::STAGE), args, firstKey, keyLength, column);
  copyAsyncCommit();
  copyAsyncWait<0>();
  syncThreads();
  WarpState<HEAD_WIDTH> warp;
  start<HEAD_WIDTH>(warp, sQueries, warpQuery, lane);

  for (int t = 0; t < keyTiles; t++) {
    copyAsyncWait<0>();
    // Everybody's part of tile t has arrived, and everybody is done with what lies in the other stage.
    syncThreads();
    int keys = keyLength - t * TILE_KEYS;
    if (t + 1 < keyTiles) {
      Shared<f16> sNext = sharedArray<f16>((t + 1) % 2 * STAGE_BYTES, H::STAGE);
      copyTile<HEAD_WIDTH>(sNext, args, firstKey + (t + 1) * TILE_KEYS, keys - TILE_KEYS, column);
      copyAsyncCommit();
    }
    // Warps without queries (short texts) only help to copy.
    if (warpQuery < queries) {
      Shared<f16> sStage = sharedArray<f16>(t % 2 * STAGE_BYTES, H::STAGE);
      if (keys >= TILE_KEYS) {
        attendTile<HEAD_WIDTH, true>(warp, sStage, keys, args.scaleLog2e, lane);
      } else {
        attendTile<HEAD_WIDTH, false>(warp, sStage, keys, args.scaleLog2e, lane);
      }
    }
  }
  if (warpQuery < queries) {
    // In the stage that does not hold the last tile: no thread reads it any more.
    int sharedAt = keyTiles % 2 * STAGE_BYTES + warpQuery * H::PITCH * static_cast<int>(sizeof(f16));
    writeRows<HEAD_WIDTH>(warp, results, sharedAt, firstRow + warpQuery, queries - warpQuery, column, lane);
  }
}

}  // namespace

KERNEL(attention_d24, AttentionArguments, THREADS, 5) { attend<24>(args, HalfResults{args.out, args.outPitch}); }
KERNEL(attention_d64, AttentionArguments, THREADS, 4) { attend<64>(args, HalfResults{args.out, args.outPitch}); }
KERNEL(attention_d72, AttentionArguments, THREADS, 2) { attend<72>(args, HalfResults{args.out, args.outPitch}); }

LAUNCH_FACT(attention_d24, tileRows, Head<24>::TILE_QUERIES)
LAUNCH_FACT(attention_d24, sharedBytes, 2 * Head<24>::STAGE * sizeof(f16))
LAUNCH_FACT(attention_d64, tileRows, Head<64>::TILE_QUERIES)
LAUNCH_FACT(attention_d64, sharedBytes, 2 * Head<64>::STAGE * sizeof(f16))
LAUNCH_FACT(attention_d72, tileRows, Head<72>::TILE_QUERIES)
LAUNCH_FACT(attention_d72, sharedBytes, 2 * Head<72>::STAGE * sizeof(f16))
