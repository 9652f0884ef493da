#include "matrix_product.hpp"

#include <immintrin.h>

#include <algorithm>
#include <vector>

#include "device_memory.hpp"
#include "launch.hpp"
#include "tensor_core_sum.hpp"
#include "text.hpp"

namespace emulated {

namespace {

using Half = _Float16;

constexpr int GRANULE = 8;
constexpr uint64_t ALIGNMENT = 16;
// A step of the tensor cores.
constexpr int STEP_INPUTS = 16;
constexpr int64_t MAX_PITCH = int64_t{1} << 40;

std::string refusedRange(const char* what, uint64_t address, int64_t bytes) {
  return text(what, " of ", bytes, " bytes begins at ", DeviceMemory::instance().describe(address),
              ", expected it inside one live allocation");
}

std::string findFault(const MatrixProduct& p) {
  if (p.rows < 0 || p.inputs < 1 || p.outputs < 1 || p.inputs % GRANULE != 0 || p.outputs % GRANULE != 0) {
    return text(p.rows, " rows, ", p.inputs, " inputs, ", p.outputs, " outputs: expected extents that are multiples of ", GRANULE);
  }
  if (p.xPitch < p.inputs || p.outPitch < p.outputs || p.xPitch % GRANULE != 0 || p.outPitch % GRANULE != 0 || p.xPitch > MAX_PITCH ||
      p.outPitch > MAX_PITCH) {
    return text("pitches ", p.xPitch, " of x and ", p.outPitch, " of out: expected multiples of ", GRANULE, " from ", p.inputs, " and ",
                p.outputs, " on");
  }
  int64_t outBytes = p.outFloat32 ? sizeof(float) : sizeof(Half);
  struct {
    const char* what;
    uint64_t address;
    int64_t bytes;
  } ranges[] = {{"x", p.x, ((p.rows - 1) * p.xPitch + p.inputs) * static_cast<int64_t>(sizeof(Half))},
                {"weight", p.weight, static_cast<int64_t>(p.outputs) * p.inputs * static_cast<int64_t>(sizeof(Half))},
                {"out", p.out, ((p.rows - 1) * p.outPitch + p.outputs) * outBytes},
                {"bias", p.bias, p.bias == 0 ? 0 : p.outputs * outBytes}};
  const DeviceMemory& memory = DeviceMemory::instance();
  for (const auto& each : ranges) {
    if (each.bytes <= 0) continue;
    if (each.address % ALIGNMENT != 0) return text(each.what, " is at ", memory.describe(each.address), ", expected an alignment of ", ALIGNMENT);
    if (!memory.contains(each.address, static_cast<uint64_t>(each.bytes))) return refusedRange(each.what, each.address, each.bytes);
  }
  return {};
}

void widen(const Half* from, float* to, int count) {
  for (int i = 0; i < count; i += GRANULE) {
    _mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i))));
  }
}

// Weights of SUM_COLUMNS outputs as [inputs][SUM_COLUMNS], zeros beyond the last output and up to a whole step of inputs.
struct Panel {
  std::vector<float> values;
  std::vector<int32_t> exponents;

  Panel(const Half* weight, int inputs, int steps, int outputs)
      : values(static_cast<size_t>(steps) * STEP_INPUTS * SUM_COLUMNS), exponents(values.size()) {
    for (int o = 0; o < outputs; o++) {
      for (int k = 0; k < inputs; k += GRANULE) {
        float part[GRANULE];
        widen(weight + static_cast<size_t>(o) * inputs + k, part, GRANULE);
        for (int i = 0; i < GRANULE; i++) values[static_cast<size_t>(k + i) * SUM_COLUMNS + o] = part[i];
      }
    }
    exponentsOf(values.data(), static_cast<int>(values.size()), F16_SMALLEST_EXPONENT, exponents.data());
  }
};

// All rows of x as floats with their exponents, zeros up to a whole step of inputs.
struct Rows {
  int steps;
  std::vector<float> values;
  std::vector<int32_t> exponents;

  explicit Rows(const MatrixProduct& p)
      : steps((p.inputs + STEP_INPUTS - 1) / STEP_INPUTS),
        values(static_cast<size_t>(p.rows) * steps * STEP_INPUTS),
        exponents(values.size()) {
    for (int r = 0; r < p.rows; r++) {
      size_t at = static_cast<size_t>(r) * steps * STEP_INPUTS;
      widen(reinterpret_cast<const Half*>(p.x) + r * p.xPitch, &values[at], p.inputs);
      exponentsOf(&values[at], steps * STEP_INPUTS, F16_SMALLEST_EXPONENT, &exponents[at]);
    }
  }
};

// out of one row from output `first` on, in the order of cuBLASLt: what is there is added to the sum, then the bias.
template <typename Out>
void finish(const MatrixProduct& p, int row, int first, int outputs, const float* sums) {
  Out* out = reinterpret_cast<Out*>(p.out) + row * p.outPitch + first;
  const Out* bias = p.bias == 0 ? nullptr : reinterpret_cast<const Out*>(p.bias) + first;
  for (int o = 0; o < outputs; o++) {
    float value = sums[o];
    if (p.accumulate) value += static_cast<float>(out[o]);
    if (bias != nullptr) value += static_cast<float>(bias[o]);
    out[o] = static_cast<Out>(value);
  }
}

void multiplyTask(const MatrixProduct& p, const Rows& x, int first) {
  int outputs = std::min(SUM_COLUMNS, p.outputs - first);
  const Half* weight = reinterpret_cast<const Half*>(p.weight) + static_cast<size_t>(first) * p.inputs;
  Panel panel(weight, p.inputs, x.steps, outputs);
  SumRule rule = f16Rule(p.capability);
  for (int row = 0; row < p.rows; row++) {
    float sums[SUM_COLUMNS] = {};
    for (int step = 0; step < x.steps; step++) {
      size_t at = (static_cast<size_t>(row) * x.steps + step) * STEP_INPUTS;
      size_t from = static_cast<size_t>(step) * STEP_INPUTS * SUM_COLUMNS;
      addProducts(rule, STEP_INPUTS, &x.values[at], &x.exponents[at], &panel.values[from], &panel.exponents[from], SUM_COLUMNS, sums);
    }
    if (p.outFloat32) {
      finish<float>(p, row, first, outputs, sums);
    } else {
      finish<Half>(p, row, first, outputs, sums);
    }
  }
}

}  // namespace

std::string multiplyMatrices(const MatrixProduct& product) {
  std::string fault = findFault(product);
  if (!fault.empty() || product.rows == 0) return fault;
  Rows x(product);
  inParallel((product.outputs + SUM_COLUMNS - 1) / SUM_COLUMNS, [&](int64_t task) {
    multiplyTask(product, x, static_cast<int>(task) * SUM_COLUMNS);
    return true;
  });
  return {};
}

}  // namespace emulated
