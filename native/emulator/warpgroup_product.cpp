#include "warpgroup_product.hpp"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "hopper_units.hpp"
#include "shared_memory.hpp"
#include "tensor_core_sum.hpp"
#include "text.hpp"

namespace emulated {

namespace {

constexpr int M = 16;
constexpr int MAX_K = 32;
constexpr int MAX_N = 256;
// A quiet not-a-number that no arithmetic makes by itself.
constexpr uint32_t POISON = 0x7fd0150e;

float poison() { return std::bit_cast<float>(POISON); }

struct FenceOperand {
  std::array<RegisterRange, 2> registers;
};

bool overlaps(const void* a, uint32_t aBytes, const void* b, uint32_t bBytes) {
  auto from = reinterpret_cast<uint64_t>(a), other = reinterpret_cast<uint64_t>(b);
  return from < other + bBytes && other < from + aBytes;
}

constexpr int elementsOfPiece(ProductElement element) { return element == ProductElement::F16 ? 8 : 16; }
// Elements of an operand along k.
constexpr int depthOf(ProductElement element) { return 2 * elementsOfPiece(element); }

// OCP 8-bit floating point specification, E4M3: bias 7, no infinities, not a number where exponent and fraction are all ones.
const std::array<float, 256>& valuesOfE4m3() {
  static const std::array<float, 256> values = [] {
    std::array<float, 256> all;
    for (int code = 0; code < 256; code++) {
      int exponent = code >> 3 & 15, fraction = code & 7;
      float size = exponent == 0 ? std::ldexp(fraction * 1.0f, -9) : std::ldexp(8.0f + fraction, exponent - 10);
      if ((code & 0x7f) == 0x7f) size = NAN;
      all[static_cast<size_t>(code)] = code & 0x80 ? -size : size;
    }
    return all;
  }();
  return values;
}

// Continues the hash (FNV-1a over words of 8 bytes).
void readPiece(uint32_t place, ProductElement element, float* to, int stride, uint64_t& hash) {
  uint64_t words[2];
  std::memcpy(words, current->block->shared->base() + place, sizeof(words));
  for (uint64_t word : words) hash = (hash ^ word) * 0x100000001b3;
  if (element == ProductElement::E4M3) {
    const std::array<float, 256>& values = valuesOfE4m3();
    for (int i = 0; i < elementsOfPiece(element); i++) to[i * stride] = values[words[i / 8] >> i % 8 * 8 & 0xff];
    return;
  }
  float floats[elementsOfPiece(ProductElement::F16)];
  _mm256_storeu_ps(floats, _mm256_cvtph_ps(_mm_set_epi64x(static_cast<int64_t>(words[1]), static_cast<int64_t>(words[0]))));
  for (int i = 0; i < elementsOfPiece(element); i++) to[i * stride] = floats[i];
}

float halfOf(uint32_t pair, int side) { return _cvtsh_ss(static_cast<unsigned short>(pair >> (16 * side))); }

// PTX ISA, register fragment layout of A for m64nNk16.
void readRegistersA(const uint32_t (&registers)[LANES][4], float (&a)[M][MAX_K]) {
  for (int lane = 0; lane < LANES; lane++) {
    int g = lane / 4, t = lane % 4;
    for (int side = 0; side < 2; side++) {
      a[g][2 * t + side] = halfOf(registers[lane][0], side);
      a[g + 8][2 * t + side] = halfOf(registers[lane][1], side);
      a[g][2 * t + 8 + side] = halfOf(registers[lane][2], side);
      a[g + 8][2 * t + 8 + side] = halfOf(registers[lane][3], side);
    }
  }
}

}  // namespace

void WarpgroupProducts::fence(std::array<RegisterRange, 2> registers, const Site& site) {
  requireWarpgroup("wgmma.fence", site);
  WarpState& warp = warps_[current->warp->number];
  FenceOperand operand{registers};
  current->warp->meet("wgmma.fence", site, &operand, [&](void** operands) {
    for (int lane = 0; lane < LANES; lane++) {
      for (const RegisterRange& range : static_cast<FenceOperand*>(operands[lane])->registers) {
        if (range.address == nullptr) continue;
        requireFree(warp, lane, range, site);
        std::vector<Fenced>& all = warp.fenced[lane];
        auto found = std::find_if(all.begin(), all.end(), [&](const Fenced& each) { return each.range.address == range.address; });
        if (found == all.end()) found = all.insert(all.end(), Fenced{range, {}});
        found->range = range;
        const auto* bytes = static_cast<const unsigned char*>(range.address);
        found->content.assign(bytes, bytes + range.bytes);
      }
    }
  });
}

void WarpgroupProducts::issue(const ProductOperand& operand, ProductElement element, int n, bool nInnermost, const Site& site) {
  requireWarpgroup("wgmma.mma_async", site);
  WarpState& warp = warps_[current->warp->number];
  Signature what{element, n, nInnermost, operand.a == nullptr, operand.aDescriptor, operand.bDescriptor, operand.accumulate, site};
  ProductOperand mine = operand;
  current->warp->meet("wgmma.mma_async", site, &mine, [&](void** operands) { start(warp, operands, what, site); });
}

void WarpgroupProducts::start(WarpState& warp, void** operands, const Signature& what, const Site& site) {
  std::string error = MatrixDescriptor::decode(what.bDescriptor).check(static_cast<uint32_t>(what.n), what.nInnermost);
  if (error.empty() && what.aShared) error = MatrixDescriptor::decode(what.aDescriptor).check(4 * M, false);
  if (!error.empty()) fail(*current, site, "wgmma: " + error);
  requireSameInGroup(warp, what, site);
  warp.issued++;
  Product product{what, warp.committed, {}, {}, 0};
  for (int lane = 0; lane < LANES; lane++) {
    const ProductOperand& each = *static_cast<ProductOperand*>(operands[lane]);
    if (each.aDescriptor != what.aDescriptor || each.bDescriptor != what.bDescriptor || each.accumulate != what.accumulate) {
      fail(*current, site, text("wgmma: descriptors and scale of lane ", lane, " differ from another lane's"));
    }
    product.aRegisters[lane] = each.a;
    if (each.a == nullptr) continue;
    requireFenced(warp, lane, each.a, sizeof(product.a[lane]), "A", site);
    std::memcpy(product.a[lane], each.a, sizeof(product.a[lane]));
  }
  product.operandHash = readOperands(what, static_cast<uint32_t>(warp.issued));
  product.accumulator = accumulatorFor(warp, operands, what.n / 2, site);
  warp.accumulators[product.accumulator].users++;
  warp.products.push_back(product);
}

// The manual: the contents of a descriptor must be the same in all warps of the warpgroup.
void WarpgroupProducts::requireSameInGroup(const WarpState& warp, const Signature& what, const Site& site) {
  std::vector<Signature>& all = issuedByGroup_[current->warp->number / WARPGROUP_WARPS];
  if (warp.issued == all.size()) {
    all.push_back(what);
    return;
  }
  const Signature& other = all[warp.issued];
  bool same = other.element == what.element && other.n == what.n && other.nInnermost == what.nInnermost && other.aShared == what.aShared &&
              other.aDescriptor == what.aDescriptor && other.bDescriptor == what.bDescriptor && other.accumulate == what.accumulate && sameSite(other.site, what.site);
  if (!same) fail(*current, site, text("wgmma: product ", warp.issued, " of the warpgroup differs in another warp (", other.site, ")"));
}

size_t WarpgroupProducts::accumulatorFor(WarpState& warp, void** operands, int registers, const Site& site) {
  uint32_t bytes = static_cast<uint32_t>(registers) * sizeof(float);
  float* first = static_cast<ProductOperand*>(operands[0])->d;
  size_t unused = warp.accumulators.size();
  for (size_t i = 0; i < warp.accumulators.size(); i++) {
    const Accumulator& each = warp.accumulators[i];
    if (each.users == 0) {
      unused = i;
    } else if (each.d[0] == first && each.registers == registers) {
      // Products of one shape on one accumulator are in order without a fence.
      return i;
    } else if (overlaps(each.d[0], static_cast<uint32_t>(each.registers) * sizeof(float), first, bytes)) {
      fail(*current, site, "wgmma: accumulator overlaps that of a product of another shape that is under way");
    }
  }
  if (unused == warp.accumulators.size()) warp.accumulators.emplace_back();
  Accumulator& fresh = warp.accumulators[unused];
  fresh.registers = registers;
  fresh.values.clear();
  for (int lane = 0; lane < LANES; lane++) {
    float* d = static_cast<ProductOperand*>(operands[lane])->d;
    requireFenced(warp, lane, d, bytes, "accumulator", site);
    fresh.d[lane] = d;
    fresh.values.insert(fresh.values.end(), d, d + registers);
    std::fill_n(d, registers, poison());
  }
  return unused;
}

// The manual: a wgmma.fence must be between any other access to registers and a product that uses them. Content that differs from that
// at the fence was written since.
void WarpgroupProducts::requireFenced(const WarpState& warp, int lane, const void* registers, uint32_t bytes, const char* what,
                                      const Site& site) const {
  for (const Fenced& each : warp.fenced[lane]) {
    const auto* from = static_cast<const unsigned char*>(registers);
    int64_t offset = from - static_cast<const unsigned char*>(each.range.address);
    if (offset < 0 || offset + bytes > each.range.bytes) continue;
    if (std::memcmp(each.content.data() + offset, registers, bytes) == 0) return;
    fail(*current, site, text("wgmma: ", what, " registers of lane ", lane, " were written since their wgmma.fence"));
  }
  fail(*current, site, text("wgmma: ", what, " registers of lane ", lane, " were in no wgmma.fence"));
}

void WarpgroupProducts::commit(const Site& site) {
  requireWarpgroup("wgmma.commit_group", site);
  WarpState& warp = warps_[current->warp->number];
  current->warp->meet("wgmma.commit_group", site, nullptr, [&](void**) { warp.committed++; });
}

void WarpgroupProducts::wait(int pending, std::array<RegisterRange, 2> registers, const Site& site) {
  requireWarpgroup("wgmma.wait_group", site);
  WarpState& warp = warps_[current->warp->number];
  uint64_t groups = warp.committed - std::min(warp.committed, static_cast<uint64_t>(pending));
  const WarpState* group = &warps_[firstWarpOfGroup(current->warp->number)];
  waitUntil("wgmma.wait_group (the other warps of its warpgroup)", site, [group, groups] {
    return std::all_of(group, group + WARPGROUP_WARPS, [groups](const WarpState& each) { return each.committed >= groups; });
  });
  FenceOperand operand{registers};
  current->warp->meet("wgmma.wait_group", site, &operand, [&](void** operands) {
    finish(warp, groups, site);
    for (int lane = 0; lane < LANES; lane++) {
      for (const RegisterRange& range : static_cast<FenceOperand*>(operands[lane])->registers) requireFree(warp, lane, range, site);
    }
  });
}

void WarpgroupProducts::requireFree(const WarpState& warp, int lane, const RegisterRange& range, const Site& site) const {
  for (const Accumulator& each : warp.accumulators) {
    if (each.users == 0) continue;
    if (overlaps(each.d[lane], static_cast<uint32_t>(each.registers) * sizeof(float), range.address, range.bytes)) {
      fail(*current, site, "wgmma: accumulator of a product that is still under way (not committed, or not waited for)");
    }
  }
  for (const Product& each : warp.products) {
    if (each.aRegisters[lane] != nullptr && overlaps(each.aRegisters[lane], sizeof(each.a[lane]), range.address, range.bytes)) {
      fail(*current, site, "wgmma: A registers of a product that is still under way (not committed, or not waited for)");
    }
  }
}

namespace {

// d = a b (+ d) for one warp, d in fragments: lane 4 g + t has D[g + 8 h][8 j + 2 t + e] in d[4 j + 2 h + e]. Sums and their rounding:
// tensor_core_sum.hpp.
void multiply(const float (&a)[M][MAX_K], const int32_t (&aExponents)[M][MAX_K], const float* b, const int32_t* bExponents,
              ProductElement element, int n, bool accumulate, float* values) {
  int registers = n / 2;
  const SumRule& rule = element == ProductElement::F16 ? HOPPER_F16 : HOPPER_E4M3;
  for (int row = 0; row < M; row++) {
    int g = row % 8, h = row / 8;
    for (int first = 0; first < n; first += SUM_COLUMNS) {
      float* d[SUM_COLUMNS];
      float sums[SUM_COLUMNS];
      for (int c = 0; c < SUM_COLUMNS; c++) {
        d[c] = &values[(4 * g + c / 2) * registers + first / 2 + 2 * h + c % 2];
        sums[c] = accumulate ? *d[c] : 0.0f;
      }
      addProducts(rule, depthOf(element), a[row], aExponents[row], b + first, bExponents + first, n, sums);
      for (int c = 0; c < SUM_COLUMNS; c++) *d[c] = sums[c];
    }
  }
}

}  // namespace

// Gives `visit` the places of an operand's 16-byte pieces in shared memory, and of each its first element and the distance of the others in
// an array [outer][MAX_K], or [k][outer] if `kFirst`.
template <typename Visit>
void forEachPiece(uint64_t descriptorBits, ProductElement element, uint32_t firstOuter, uint32_t count, bool outerInnermost, bool kFirst,
                  Visit visit) {
  MatrixDescriptor descriptor = MatrixDescriptor::decode(descriptorBits);
  uint32_t outerStride = kFirst ? 1 : MAX_K, kStride = kFirst ? count : 1;
  uint32_t elements = static_cast<uint32_t>(elementsOfPiece(element)), depth = static_cast<uint32_t>(depthOf(element));
  for (uint32_t outer = 0; outer < count; outer += outerInnermost ? elements : 1) {
    for (uint32_t k = 0; k < depth; k += outerInnermost ? 1 : elements) {
      uint32_t place = outerInnermost ? descriptor.pieceOuterInnermost(firstOuter + outer, k)
                                      : descriptor.pieceKInnermost(firstOuter + outer, k / elements);
      visit(place, outer * outerStride + k * kStride, static_cast<int>(outerInnermost ? outerStride : kStride));
    }
  }
}

uint64_t WarpgroupProducts::readOperands(const Signature& what, uint32_t number) {
  uint64_t hash = 0xcbf29ce484222325;
  auto read = [&](float* to) {
    return [&, to](uint32_t place, uint32_t first, int stride) {
      if (number != 0) HopperUnits::ofBlock().requireForProduct(place, number, what.site);
      readPiece(place, what.element, to + first, stride, hash);
    };
  };
  uint32_t firstRow = static_cast<uint32_t>(current->warp->number % WARPGROUP_WARPS * M);
  if (what.aShared) forEachPiece(what.aDescriptor, what.element, firstRow, M, false, false, read(&a_[0][0]));
  forEachPiece(what.bDescriptor, what.element, 0, static_cast<uint32_t>(what.n), what.nInnermost, true, read(b_));
  return hash;
}

void WarpgroupProducts::findExponents(ProductElement element, int n) {
  int smallest = element == ProductElement::F16 ? F16_SMALLEST_EXPONENT : E4M3_SMALLEST_EXPONENT;
  int depth = depthOf(element);
  for (int row = 0; row < M; row++) exponentsOf(a_[row], depth, smallest, aExponents_[row]);
  exponentsOf(b_, depth * n, smallest, bExponents_);
}

void WarpgroupProducts::requireSameRegistersA(const Product& product, const Site& site) const {
  for (int lane = 0; lane < LANES; lane++) {
    if (std::memcmp(product.a[lane], product.aRegisters[lane], sizeof(product.a[lane])) != 0) {
      fail(*current, site, text("wgmma: A registers of lane ", lane, " were written while their product was under way"));
    }
  }
}

void WarpgroupProducts::finish(WarpState& warp, uint64_t groups, const Site& site) {
  while (!warp.products.empty() && warp.products.front().group < groups) {
    const Product& product = warp.products.front();
    if (readOperands(product.what, 0) != product.operandHash) {
      fail(*current, site, text("wgmma: operands in shared memory changed while the product of ", product.what.site, " was under way"));
    }
    if (!product.what.aShared) {
      requireSameRegistersA(product, site);
      readRegistersA(product.a, a_);
    }
    Accumulator& accumulator = warp.accumulators[product.accumulator];
    findExponents(product.what.element, product.what.n);
    multiply(a_, aExponents_, b_, bExponents_, product.what.element, product.what.n, product.what.accumulate, accumulator.values.data());
    warp.products.pop_front();
    warp.finished++;
    if (--accumulator.users == 0) give(warp, accumulator, site);
  }
  const Block& block = *current->block;
  Thread* lanes = current - current->lane;
  for (int lane = 0; lane < LANES; lane++) {
    lanes[lane].known.hear(block.generation, block.actors(), block.productsOf(current->warp->number), static_cast<uint32_t>(warp.finished));
  }
}

void WarpgroupProducts::give(WarpState& warp, Accumulator& accumulator, const Site& site) {
  uint32_t bytes = static_cast<uint32_t>(accumulator.registers) * sizeof(float);
  for (int lane = 0; lane < LANES; lane++) {
    float* d = accumulator.d[lane];
    bool kept = std::all_of(d, d + accumulator.registers, [](float each) { return std::bit_cast<uint32_t>(each) == POISON; });
    if (!kept) fail(*current, site, text("wgmma: accumulator of lane ", lane, " was written while its product was under way"));
    std::memcpy(d, &accumulator.values[static_cast<size_t>(lane * accumulator.registers)], bytes);
    // What the product itself has written needs no fence before the next one.
    for (Fenced& each : warp.fenced[lane]) {
      if (each.range.address == d && each.range.bytes == bytes) std::memcpy(each.content.data(), d, bytes);
    }
  }
}

std::string WarpgroupProducts::underWay() const {
  for (int w = 0; w < MAX_WARPS; w++) {
    if (warps_[w].products.empty()) continue;
    return text("warp ", w, " ends with a product under way that was issued at ", warps_[w].products.front().what.site);
  }
  return {};
}

}  // namespace emulated
