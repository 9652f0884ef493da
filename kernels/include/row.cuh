// Rows of matrices, a warp to each, in vectors of eight columns: 16 bytes of f16, the unit that every pitch is a multiple of.
#pragma once

#include <cmath>

#include "device.cuh"
#include "reduce.cuh"

constexpr int COLUMNS = 8;                  // of a vector
constexpr int WARP_COLUMNS = WARP * COLUMNS;  // of one vector in each lane
constexpr int WARPS = 4;                    // of a block, each with a row of its own
constexpr int THREADS = WARPS * WARP;

// Eight columns of a row, whatever type they have in memory.
using Floats = Vector<float, COLUMNS>;

DEVICE int warpRow() { return blockIdx.x * WARPS + threadIdx.x / WARP; }
DEVICE int laneColumn() { return threadIdx.x % WARP * COLUMNS; }

// Eight consecutive elements, the first at a multiple of eight.
DEVICE Floats loadFloats(Global<f16> from, int64_t i) {
  Vector<f16, COLUMNS> halves = from.load<COLUMNS>(i);
  Floats result;
#pragma unroll
  for (int k = 0; k < COLUMNS; k++) {
    result[k] = toFloat(halves[k]);
  }
  return result;
}
DEVICE Floats loadFloats(Global<float> from, int64_t i) {
  Floats result;
#pragma unroll
  for (int half = 0; half < COLUMNS; half += 4) {
    Vector<float, 4> four = from.load<4>(i + half);
#pragma unroll
    for (int k = 0; k < 4; k++) {
      result[half + k] = four[k];
    }
  }
  return result;
}

DEVICE void storeFloats(Global<f16> to, int64_t i, const Floats& values) {
  Vector<f16, COLUMNS> halves;
#pragma unroll
  for (int k = 0; k < COLUMNS; k++) {
    halves[k] = toHalf(values[k]);
  }
  to.store<COLUMNS>(i, halves);
}
DEVICE void storeFloats(Global<float> to, int64_t i, const Floats& values) {
#pragma unroll
  for (int half = 0; half < COLUMNS; half += 4) {
    Vector<float, 4> four;
#pragma unroll
    for (int k = 0; k < 4; k++) {
      four[k] = values[half + k];
    }
    to.store<4>(i + half, four);
  }
}

// A row of at most VECTORS * 256 columns in the registers of a warp: vector v of lane l begins at column 256 v + 8 l. `source(column)` is
// called once a vector.
template <int VECTORS>
struct CachedRow {
  int columns;
  Floats vectors[VECTORS];

  template <typename Source>
  DEVICE CachedRow(const Source& source, int columns) : columns(columns) {
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      int column = v * WARP_COLUMNS + laneColumn();
      if (column < columns) {
        vectors[v] = source(column);
      }
    }
  }

  // Hands each of the lane's vectors, with its first column, to `action`.
  template <typename Action>
  DEVICE void each(const Action& action) const {
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      int column = v * WARP_COLUMNS + laneColumn();
      if (column < columns) {
        action(column, vectors[v]);
      }
    }
  }
};

// A longer row: `source` is called anew in every pass.
template <typename Source>
struct StreamedRow {
  const Source& source;
  int columns;

  template <typename Action>
  DEVICE void each(const Action& action) const {
    for (int column = laneColumn(); column < columns; column += WARP_COLUMNS) {
      action(column, source(column));
    }
  }
};

// Calls `action` with the row in the fewest registers that hold it. Text (768 columns) takes 3 vectors a lane, vision (1152) 5.
template <typename Source, typename Action>
DEVICE void withRow(const Source& source, int columns, const Action& action) {
  if (columns <= 1 * WARP_COLUMNS) {
    action(CachedRow<1>(source, columns));
  } else if (columns <= 3 * WARP_COLUMNS) {
    action(CachedRow<3>(source, columns));
  } else if (columns <= 5 * WARP_COLUMNS) {
    action(CachedRow<5>(source, columns));
  } else if (columns <= 9 * WARP_COLUMNS) {
    action(CachedRow<9>(source, columns));
  } else {
    action(StreamedRow<Source>{source, columns});
  }
}
