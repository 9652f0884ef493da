// Softmax over tiles of keys, on the accumulators of a warpgroup's products (m64nNk16): one thread's part of two rows, g and g + 8 of its
// warp's 16. The shift of a row is its largest score when it last moved; see attention_sm90.cu, "Headroom".
#pragma once

#include "device.cuh"

// The shift of a row without scores.
constexpr float NO_SHIFT = -__builtin_huge_valf();

// `keys` of a tile, results `width` wide.
template <int keys, int width>
struct TileRows {
  float scores[keys / 2];
  uint32_t probabilities[keys / 16][4];  // A registers of the product with the values
  float out[width / 2];
  float largest[2];  // what scores are relative to
  float sum[2];
  float correction[2];
};

// Scores of keys from `count` on do not count.
template <int keys, int width>
DEVICE void maskScores(TileRows<keys, width>& rows, int count, int lane) {
  int limit = count - 2 * (lane % 4);
#pragma unroll
  for (int i = 0; i < keys / 2; i++) {
    if (8 * (i / 4) + i % 2 >= limit) rows.scores[i] = -__builtin_huge_valf();
  }
}

// The largest of this thread's scores of row r; in two chains, because each maximum waits for the one before.
template <int keys, int width>
DEVICE float largestScore(const TileRows<keys, width>& rows, int r) {
  float a = fmaxf(rows.scores[2 * r], rows.scores[2 * r + 1]);
  float b = fmaxf(rows.scores[2 * r + 4], rows.scores[2 * r + 5]);
#pragma unroll
  for (int i = 2 * r + 8; i < keys / 2; i += 8) {
    a = fmaxf(a, fmaxf(rows.scores[i], rows.scores[i + 1]));
    b = fmaxf(b, fmaxf(rows.scores[i + 4], rows.scores[i + 5]));
  }
  return fmaxf(a, b);
}

// Scores become weights, in place. `slack` is the headroom in units of scores. Returns whether this warp's results must be corrected by
// `correction`. Where an item begins (`fresh`), `correction` becomes the sum of the item before.
template <int keys, int width>
DEVICE bool softmax(TileRows<keys, width>& rows, float scaleLog2e, float slack, bool fresh) {
  float most[2] = {largestScore(rows, 0), largestScore(rows, 1)};
  if (fresh) {
#pragma unroll
    for (int r = 0; r < 2; r++) {
      rows.correction[r] = rows.sum[r];
      rows.largest[r] = NO_SHIFT;
      rows.sum[r] = 0.0f;
    }
  }
  bool moved = voteMask(most[0] > rows.largest[0] + slack || most[1] > rows.largest[1] + slack) != 0;
  if (moved) {
#pragma unroll
    for (int r = 0; r < 2; r++) {
      float largest = fmaxf(most[r], shuffleXor(most[r], 1));
      largest = fmaxf(largest, shuffleXor(largest, 2));
      // A row whose shift stays is multiplied by 1: its bits do not depend on its neighbours.
      bool moves = largest > rows.largest[r] + slack;
      largest = moves ? largest : rows.largest[r];
      float correction = moves ? exp2Approximate((rows.largest[r] - largest) * scaleLog2e) : 1.0f;
      rows.largest[r] = largest;
      rows.sum[r] *= correction;
      if (!fresh) rows.correction[r] = correction;
    }
  }
#pragma unroll
  for (int r = 0; r < 2; r++) {
    float shift = -rows.largest[r] * scaleLog2e;
    float a = 0.0f, b = 0.0f;
#pragma unroll
    for (int i = 2 * r; i < keys / 2; i += 4) {
      rows.scores[i] = exp2Approximate(fmaf(rows.scores[i], scaleLog2e, shift));
      rows.scores[i + 1] = exp2Approximate(fmaf(rows.scores[i + 1], scaleLog2e, shift));
      a += rows.scores[i];
      b += rows.scores[i + 1];
    }
    rows.sum[r] += a + b;
  }
  return moved;
}

// Accumulators of 16 columns are, pair by pair, the A registers of one step of the next product.
template <int keys, int width>
DEVICE void packProbabilities(TileRows<keys, width>& rows) {
#pragma unroll
  for (int i = 0; i < keys / 4; i++) rows.probabilities[i / 4][i % 4] = packHalves(rows.scores[2 * i], rows.scores[2 * i + 1]);
}

template <int keys, int width>
DEVICE void correctOut(TileRows<keys, width>& rows) {
#pragma unroll
  for (int i = 0; i < width / 2; i++) rows.out[i] *= rows.correction[i / 2 % 2];
}
