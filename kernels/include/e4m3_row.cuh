// Rows of e4m3 that kernels write: values times a scale, eight a store.
#pragma once

#include "row.cuh"

// A value v is stored as e4m3(v * scale); the product that reads it has 1 / scale in its own scale.
struct ScaledRows {
  Global<e4m3> rows;
  float scale;
};

DEVICE void storeFloats(const ScaledRows& to, int64_t i, const Floats& values) {
  Floats scaled;
#pragma unroll
  for (int k = 0; k < COLUMNS; k++) {
    scaled[k] = values[k] * to.scale;
  }
  to.rows.store<COLUMNS>(i, toE4m3(scaled));
}
