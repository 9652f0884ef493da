// Tensor core products and the loads that feed them, for a warp at a time.
#pragma once

#include <cstdint>

#include "scheduler.hpp"

namespace emulated {

// `rows`: address of the row that this lane gives, null where the instruction takes none from it. `matrices` is 2 or 4.
void loadMatrices(uint32_t* registers, int matrices, bool transposed, const void* row, const Site& site);

// d += a * b, one m16n8k16: d[4], a[4], b[2] of this lane.
void multiplyAdd16816(float* d, const uint32_t* a, const uint32_t* b, const Site& site);
// d += a * b, one m16n8k8: d[4], a[2], b of this lane.
void multiplyAdd1688(float* d, const uint32_t* a, uint32_t b, const Site& site);

}  // namespace emulated
