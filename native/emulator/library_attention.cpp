#include "library_attention.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "device_memory.hpp"
#include "launch.hpp"
#include "text.hpp"

namespace emulated {

namespace {

using Half = _Float16;

// Rows of one sequence: of q, k and v from `first` elements on, of out from `firstOut` on.
struct Sequence {
  int64_t first, firstOut;
  int queries, keys;
};

bool readable(uint64_t address, int64_t bytes) { return DeviceMemory::instance().contains(address, static_cast<uint64_t>(bytes)); }

int number(uint64_t table, int i) { return reinterpret_cast<const int32_t*>(table)[i]; }

std::string findSequences(const LibraryAttention& a, std::vector<Sequence>& found) {
  for (int s = 0; s < a.sequences; s++) {
    Sequence each{};
    each.first = a.offsets != 0 ? number(a.offsets, s) : s * a.maxRows * a.pitch;
    each.firstOut = a.outOffsets != 0 ? number(a.outOffsets, s) : s * a.maxRows * a.outPitch;
    each.queries = a.queryLengths != 0 ? number(a.queryLengths, s) : a.maxRows;
    each.keys = a.keyLengths != 0 ? number(a.keyLengths, s) : a.maxRows;
    if (each.queries < 0 || each.queries > a.maxRows || each.keys < 0 || each.keys > a.maxRows || (each.queries > 0 && each.keys == 0)) {
      return text("sequence ", s, " has ", each.queries, " queries and ", each.keys, " keys, expected at most ", a.maxRows);
    }
    if (each.queries == 0) continue;
    int64_t width = static_cast<int64_t>(a.heads) * a.headWidth;
    int64_t rows = std::max(each.queries, each.keys);
    int64_t bytes = ((rows - 1) * a.pitch + width) * static_cast<int64_t>(sizeof(Half));
    int64_t outBytes = ((each.queries - 1) * a.outPitch + width) * static_cast<int64_t>(sizeof(Half));
    auto at = [&](uint64_t address, int64_t element) { return address + static_cast<uint64_t>(element) * sizeof(Half); };
    if (!readable(at(a.q, each.first), bytes) || !readable(at(a.k, each.first), bytes) || !readable(at(a.v, each.first), bytes) ||
        !readable(at(a.out, each.firstOut), outBytes)) {
      return text("sequence ", s, " reaches outside of its tensors");
    }
    found.push_back(each);
  }
  return {};
}

// As fused kernels do: scores and sums in float32, weights rounded to f16 before they are normalised.
void attend(const LibraryAttention& a, const Sequence& sequence, int head) {
  auto row = [&](uint64_t address, int64_t first, int64_t pitch, int i) {
    return reinterpret_cast<Half*>(address) + first + i * pitch + static_cast<int64_t>(head) * a.headWidth;
  };
  std::vector<float> weights(static_cast<size_t>(sequence.keys));
  for (int i = 0; i < sequence.queries; i++) {
    const Half* query = row(a.q, sequence.first, a.pitch, i);
    float largest = -INFINITY;
    for (int j = 0; j < sequence.keys; j++) {
      const Half* key = row(a.k, sequence.first, a.pitch, j);
      float sum = 0;
      for (int c = 0; c < a.headWidth; c++) sum += static_cast<float>(query[c]) * static_cast<float>(key[c]);
      weights[j] = sum * a.scale;
      largest = std::max(largest, weights[j]);
    }
    float total = 0;
    for (float& each : weights) {
      each = std::exp(each - largest);
      total += each;
      each = static_cast<float>(static_cast<Half>(each));
    }
    Half* out = row(a.out, sequence.firstOut, a.outPitch, i);
    for (int c = 0; c < a.headWidth; c++) {
      float sum = 0;
      for (int j = 0; j < sequence.keys; j++) sum += weights[j] * static_cast<float>(row(a.v, sequence.first, a.pitch, j)[c]);
      out[c] = static_cast<Half>(sum / total);
    }
  }
}

}  // namespace

std::string attendSequences(const LibraryAttention& a) {
  bool possible = a.sequences > 0 && a.maxRows > 0 && a.heads > 0 && a.headWidth > 0 && a.headWidth % 8 == 0 && a.pitch > 0 && a.outPitch > 0;
  if (!possible) {
    return text(a.sequences, " sequences of at most ", a.maxRows, " rows, ", a.heads, " heads of ", a.headWidth,
                ": expected at least one each, and a head width that is a multiple of 8");
  }
  const std::pair<uint64_t, int> tables[] = {
      {a.queryLengths, a.sequences}, {a.keyLengths, a.sequences}, {a.offsets, a.sequences + 1}, {a.outOffsets, a.sequences + 1}};
  for (auto [table, entries] : tables) {
    if (table != 0 && !readable(table, entries * static_cast<int64_t>(sizeof(int32_t)))) {
      return text("a table of ", entries, " numbers begins at ", DeviceMemory::instance().describe(table),
                  ", expected it inside one live allocation");
    }
  }
  std::vector<Sequence> sequences;
  std::string fault = findSequences(a, sequences);
  if (!fault.empty()) return fault;
  inParallel(static_cast<int64_t>(sequences.size()) * a.heads, [&](int64_t task) {
    attend(a, sequences[static_cast<size_t>(task / a.heads)], static_cast<int>(task % a.heads));
    return true;
  });
  return {};
}

}  // namespace emulated
