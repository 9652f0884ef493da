// attention_d24, attention_d64, attention_d72: softmax attention over packed sequences, on mma.sync (sm_80 and up).
//
// Formula    out[q] = sum_k p[q][k] v[k] / sum_k p[q][k],  p[q][k] = 2^(scaleLog2e * q.k - shift[q]), k over the first keyLength rows
// Shapes     qkv f16 [rows, 3 * width] (queries, keys, values, each by head), out f16 [rows, width]; sums and softmax f32, p f16 for P V
#include "device.cuh"

#include <cmath>

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
constexpr int TILE_QUERIES = 64;
constexpr int TILE_KEYS = 64;
constexpr int WARP_QUERIES = 16;
static_assert(TILE_QUERIES == THREADS / WARP * WARP_QUERIES && TILE_QUERIES <= TILE_KEYS, "queries fit where keys do");
// What one ldmatrix.x4 of K covers of the keys, and the depth of one mma over the keys of P V.
constexpr int KEY_GROUP = 16;
constexpr int KEY_GROUPS = TILE_KEYS / KEY_GROUP;
// How far scores may outgrow the largest one so far before sums are scaled down to it: weights stay below 2^8, far from f16's 65504.
constexpr float HEADROOM_LOG2 = 8;

// How a head of this width lies in shared memory and in fragments.
template <int HEAD_WIDTH>
struct Head {
  static_assert(HEAD_WIDTH % 8 == 0, "a head's row is whole 16-byte vectors");
  static constexpr int VECTORS = HEAD_WIDTH / 8;
  // An odd number of 16-byte vectors: eight consecutive rows of an ldmatrix then start in eight different groups of banks.
  static constexpr int PITCH = VECTORS % 2 == 1 ? HEAD_WIDTH : HEAD_WIDTH + 8;
  static constexpr int TILE = TILE_KEYS * PITCH;
  // Depth steps of Q K^T: whole ones of 16, then perhaps one of 8.
  static constexpr int STEPS = HEAD_WIDTH / 16;
  static constexpr bool HALF_STEP = HEAD_WIDTH % 16 != 0;
};

// One warp's 16 queries. Lane l holds, of each fragment, row l / 4 in [0] and [1] and row l / 4 + 8 in [2] and [3].
template <int HEAD_WIDTH>
struct WarpState {
  uint32_t q[Head<HEAD_WIDTH>::STEPS][4];
  uint32_t qHalfStep[2];
  float out[Head<HEAD_WIDTH>::VECTORS][4];  // not yet divided by the sums
  float largest[2];  // largest score so far, times scaleLog2e
  float sum[2];  // of this lane's columns
};

// Rows `firstRow` .. `firstRow + TILE_KEYS` of one head to shared memory; zeros from row `rows` on.
template <int HEAD_WIDTH>
DEVICE void copyRows(Shared<f16> to, const AttentionArguments& args, int firstRow, int rows, int column) {
  using H = Head<HEAD_WIDTH>;
  for (int i = threadIdx.x; i < TILE_KEYS * H::VECTORS; i += THREADS) {
    int row = i / H::VECTORS;
    int vector = i % H::VECTORS;
    int64_t from = static_cast<int64_t>(firstRow + row) * args.qkvPitch + column + vector * 8;
    copyAsync16(to, row * H::PITCH + vector * 8, args.qkv, from, row < rows);
  }
}

template <int HEAD_WIDTH>
DEVICE void loadQueries(WarpState<HEAD_WIDTH>& warp, Shared<f16> sQ, int firstQuery, int lane) {
  using H = Head<HEAD_WIDTH>;
  int at = (firstQuery + lane % 16) * H::PITCH;
  for (int step = 0; step < H::STEPS; step++) {
    loadMatrix4(warp.q[step], sQ, at + step * 16 + lane / 16 * 8);
  }
  if constexpr (H::HALF_STEP) {
    loadMatrix2(warp.qHalfStep, sQ, at + H::STEPS * 16);
  }
  for (int block = 0; block < H::VECTORS; block++) {
    for (int i = 0; i < 4; i++) {
      warp.out[block][i] = 0;
    }
  }
  for (int half = 0; half < 2; half++) {
    warp.largest[half] = -INFINITY;
    warp.sum[half] = 0;
  }
}

// scores[n] += Q K^T for keys 8 n .. 8 n + 8 of the tile; groups of keys from `keys` on are left alone.
template <int HEAD_WIDTH, bool WHOLE>
DEVICE void multiplyKeys(float (&scores)[TILE_KEYS / 8][4], const WarpState<HEAD_WIDTH>& warp, Shared<f16> sK, int keys, int lane) {
  using H = Head<HEAD_WIDTH>;
  int at = (lane / 16 * 8 + lane % 8) * H::PITCH + lane / 8 % 2 * 8;
#pragma unroll
  for (int step = 0; step < H::STEPS; step++) {
#pragma unroll
    for (int group = 0; group < KEY_GROUPS; group++) {
      if (WHOLE || group * KEY_GROUP < keys) {
        uint32_t k[4];
        loadMatrix4(k, sK, at + group * KEY_GROUP * H::PITCH + step * 16);
        mma16816(scores[2 * group], warp.q[step], {k[0], k[1]});
        mma16816(scores[2 * group + 1], warp.q[step], {k[2], k[3]});
      }
    }
  }
  if constexpr (H::HALF_STEP) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      if (WHOLE || half * 32 < keys) {
        uint32_t k[4];
        loadMatrix4(k, sK, (half * 32 + lane) * H::PITCH + H::STEPS * 16);
#pragma unroll
        for (int i = 0; i < 4; i++) {
          mma1688(scores[half * 4 + i], warp.qHalfStep, k[i]);
        }
      }
    }
  }
}

// Scores become weights 2^(scaled score - largest); keys from `keys` on become 0. What was summed before is scaled to a new largest score.
template <int HEAD_WIDTH, bool WHOLE>
DEVICE void exponentials(float (&scores)[TILE_KEYS / 8][4], WarpState<HEAD_WIDTH>& warp, int keys, float scaleLog2e, int lane) {
  float tileLargest[2] = {-INFINITY, -INFINITY};
#pragma unroll
  for (int block = 0; block < TILE_KEYS / 8; block++) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      if (!WHOLE && block * 8 + lane % 4 * 2 + i % 2 >= keys) {
        scores[block][i] = -INFINITY;
      }
      tileLargest[i / 2] = fmaxf(tileLargest[i / 2], scores[block][i]);
    }
  }
  bool rescale = false;
  float correction[2];
#pragma unroll
  for (int half = 0; half < 2; half++) {
    tileLargest[half] = fmaxf(tileLargest[half], shuffleXor(tileLargest[half], 1));
    tileLargest[half] = fmaxf(tileLargest[half], shuffleXor(tileLargest[half], 2));
    float scaled = tileLargest[half] * scaleLog2e;
    bool grew = scaled - warp.largest[half] > HEADROOM_LOG2;
    correction[half] = grew ? exp2Approximate(warp.largest[half] - scaled) : 1;
    warp.largest[half] = grew ? scaled : warp.largest[half];
    warp.sum[half] *= correction[half];
    rescale |= grew;
  }
  // For the whole warp or not at all: a row that did not grow is multiplied by 1, so its bits do not depend on its neighbours.
  if (voteMask(rescale) != 0) {
#pragma unroll
    for (int block = 0; block < Head<HEAD_WIDTH>::VECTORS; block++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        warp.out[block][i] *= correction[i / 2];
      }
    }
  }
#pragma unroll
  for (int block = 0; block < TILE_KEYS / 8; block++) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      scores[block][i] = exp2Approximate(fmaf(scores[block][i], scaleLog2e, -warp.largest[i / 2]));
    }
    warp.sum[0] += scores[block][0] + scores[block][1];
    warp.sum[1] += scores[block][2] + scores[block][3];
  }
}

// out += P V, P rounded to f16.
template <int HEAD_WIDTH, bool WHOLE>
DEVICE void addValues(WarpState<HEAD_WIDTH>& warp, const float (&p)[TILE_KEYS / 8][4], Shared<f16> sV, int keys, int lane) {
  using H = Head<HEAD_WIDTH>;
  constexpr int PAIRS = H::VECTORS / 2;
  constexpr bool ODD = H::VECTORS % 2 == 1;
  int at = lane % 16 * H::PITCH + lane / 16 * 8;
#pragma unroll
  for (int group = 0; group < KEY_GROUPS; group++) {
    if (WHOLE || group * KEY_GROUP < keys) {
      uint32_t a[4] = {packHalves(p[2 * group][0], p[2 * group][1]), packHalves(p[2 * group][2], p[2 * group][3]),
                       packHalves(p[2 * group + 1][0], p[2 * group + 1][1]), packHalves(p[2 * group + 1][2], p[2 * group + 1][3])};
#pragma unroll
      for (int pair = 0; pair < PAIRS; pair++) {
        uint32_t v[4];
        loadMatrix4Transposed(v, sV, at + group * KEY_GROUP * H::PITCH + pair * 16);
        mma16816(warp.out[2 * pair], a, {v[0], v[1]});
        mma16816(warp.out[2 * pair + 1], a, {v[2], v[3]});
      }
      if constexpr (ODD) {
        uint32_t v[2];
        loadMatrix2Transposed(v, sV, (group * KEY_GROUP + lane % 16) * H::PITCH + PAIRS * 16);
        mma16816(warp.out[H::VECTORS - 1], a, v);
      }
    }
  }
}

template <int HEAD_WIDTH, bool WHOLE>
DEVICE void attendTile(WarpState<HEAD_WIDTH>& warp, Shared<f16> sK, Shared<f16> sV, int keys, float scaleLog2e, int lane) {
  float scores[TILE_KEYS / 8][4] = {};
  multiplyKeys<HEAD_WIDTH, WHOLE>(scores, warp, sK, keys, lane);
  exponentials<HEAD_WIDTH, WHOLE>(scores, warp, keys, scaleLog2e, lane);
  addValues<HEAD_WIDTH, WHOLE>(warp, scores, sV, keys, lane);
}

// Divides by the sums and writes the warp's first `queries` rows, through shared memory so that each store is 16 bytes.
template <int HEAD_WIDTH>
DEVICE void writeRows(WarpState<HEAD_WIDTH>& warp, const AttentionArguments& args, Shared<uint32_t> sPairs, Shared<f16> sOut,
                      int firstRow, int queries, int column, int lane) {
  using H = Head<HEAD_WIDTH>;
  for (int half = 0; half < 2; half++) {
    float sum = warp.sum[half];
    sum += shuffleXor(sum, 1);
    sum += shuffleXor(sum, 2);
    float inverse = 1 / sum;
    for (int block = 0; block < H::VECTORS; block++) {
      uint32_t pair = packHalves(warp.out[block][2 * half] * inverse, warp.out[block][2 * half + 1] * inverse);
      sPairs.set((lane / 4 + half * 8) * H::PITCH / 2 + block * 4 + lane % 4, pair);
    }
  }
  syncWarp();
  for (int i = lane; i < WARP_QUERIES * H::VECTORS; i += WARP) {
    int row = i / H::VECTORS;
    int vector = i % H::VECTORS;
    if (row < queries) {
      args.out.store<8>(static_cast<int64_t>(firstRow + row) * args.outPitch + column + vector * 8,
                        sOut.load<8>(row * H::PITCH + vector * 8));
    }
  }
}

template <int HEAD_WIDTH>
DEVICE Shared<f16> stage(int part, int index) {
  constexpr int BYTES = Head<HEAD_WIDTH>::TILE * sizeof(f16);
  return sharedArray<f16>((index * 2 + part) * BYTES, Head<HEAD_WIDTH>::TILE);
}

template <int HEAD_WIDTH>
DEVICE void attend(const AttentionArguments& args) {
  using H = Head<HEAD_WIDTH>;
  constexpr int K = 0;
  constexpr int V = 1;
  Vector<int32_t, 4> tile = args.tiles.load<4>(static_cast<int64_t>(blockIdx.x) * 4);
  int firstRow = tile[0];
  int queries = tile[1];
  int firstKey = tile[2];
  int keyLength = tile[3];
  int column = blockIdx.y * HEAD_WIDTH;
  int lane = threadIdx.x % WARP;
  int warpQuery = threadIdx.x / WARP * WARP_QUERIES;
  int keyTiles = (keyLength + TILE_KEYS - 1) / TILE_KEYS;

  // The queries lie where the second stage of keys will, until they are in registers.
  copyRows<HEAD_WIDTH>(stage<HEAD_WIDTH>(K, 1), args, firstRow, queries, column);
  copyRows<HEAD_WIDTH>(stage<HEAD_WIDTH>(K, 0), args, firstKey, keyLength, column + args.width);
  copyRows<HEAD_WIDTH>(stage<HEAD_WIDTH>(V, 0), args, firstKey, keyLength, column + 2 * args.width);
  copyAsyncCommit();
  copyAsyncWait<0>();
  syncThreads();
  WarpState<HEAD_WIDTH> warp;
  loadQueries(warp, stage<HEAD_WIDTH>(K, 1), warpQuery, lane);

  for (int t = 0; t < keyTiles; t++) {
    copyAsyncWait<0>();
    // Everybody's part of tile t has arrived, and everybody is done with what lies in the other stage.
    syncThreads();
    if (t + 1 < keyTiles) {
      int first = (t + 1) * TILE_KEYS;
      int next = (t + 1) % 2;
      copyRows<HEAD_WIDTH>(stage<HEAD_WIDTH>(K, next), args, firstKey + first, keyLength - first, column + args.width);
      copyRows<HEAD_WIDTH>(stage<HEAD_WIDTH>(V, next), args, firstKey + first, keyLength - first, column + 2 * args.width);
      copyAsyncCommit();
    }
    int keys = keyLength - t * TILE_KEYS;
    // Warps without queries (short texts) only help to copy.
    if (warpQuery < queries) {
      if (keys >= TILE_KEYS) {
        attendTile<HEAD_WIDTH, true>(warp, stage<HEAD_WIDTH>(K, t % 2), stage<HEAD_WIDTH>(V, t % 2), keys, args.scaleLog2e, lane);
      } else {
        attendTile<HEAD_WIDTH, false>(warp, stage<HEAD_WIDTH>(K, t % 2), stage<HEAD_WIDTH>(V, t % 2), keys, args.scaleLog2e, lane);
      }
    }
  }
  if (warpQuery < queries) {
    // The stage that the last tile is not in: nobody reads it any more.
    constexpr int WARP_TILE = WARP_QUERIES * H::PITCH;
    int bytes = static_cast<int>((keyTiles % 2 * 2 * H::TILE + warpQuery * H::PITCH) * sizeof(f16));
    writeRows(warp, args, sharedArray<uint32_t>(bytes, WARP_TILE / 2), sharedArray<f16>(bytes, WARP_TILE), firstRow + warpQuery,
              queries - warpQuery, column, lane);
  }
}

}  // namespace

KERNEL(attention_d24, AttentionArguments, THREADS, 5) { attend<24>(args); }
KERNEL(attention_d64, AttentionArguments, THREADS, 4) { attend<64>(args); }
KERNEL(attention_d72, AttentionArguments, THREADS, 4) { attend<72>(args); }
