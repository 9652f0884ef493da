// wgmma: products of a warpgroup, done as late as the model allows. PTX ISA, "Asynchronous warpgroup level matrix instructions".
//
// Until the wait that frees them, accumulators hold a poison, and the product is done when that wait comes. Operands in shared memory must be
// there at the issue and be the same at the end. A read of an accumulator before its wait gives not-a-number; all other misuse is
// reported.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "matrix_descriptor.hpp"
#include "scheduler.hpp"
#include "warpgroup.hpp"

namespace emulated {

// Consecutive registers of a thread, as an array of its kernel.
struct RegisterRange {
  void* address;
  uint32_t bytes;
};

struct ProductOperand {
  float* d;
  const uint32_t* a;  // null: in shared memory
  uint64_t aDescriptor;
  uint64_t bDescriptor;
  bool accumulate;
};

// Of both operands; sums are f32.
enum class ProductElement { F16, E4M3 };

class WarpgroupProducts {
 public:
  // All are operations of a whole warp; every lane gives its own registers.
  void fence(std::array<RegisterRange, 2> registers, const Site& site);
  // m64nNk16 of f16 or m64nNk32 of e4m3. b's N is innermost in shared memory (f16 only), or its K.
  void issue(const ProductOperand& operand, ProductElement element, int n, bool nInnermost, const Site& site);
  void commit(const Site& site);
  void wait(int pending, std::array<RegisterRange, 2> registers, const Site& site);

  // At the end of a block: what was never waited for, or nothing.
  std::string underWay() const;

 private:
  // What must be the same for all warps of the group.
  struct Signature {
    ProductElement element;
    int n;
    bool nInnermost;
    bool aShared;
    uint64_t aDescriptor, bDescriptor;
    bool accumulate;
    Site site;
  };
  struct Product {
    Signature what;
    uint64_t group;
    const uint32_t* aRegisters[LANES];
    uint32_t a[LANES][4];  // their content at the issue
    size_t accumulator;
    uint64_t operandHash = 0;  // of what lies in shared memory, at the issue
  };
  // One warp's accumulators of products under way; `values` is what they will be, lane by lane.
  struct Accumulator {
    float* d[LANES];
    int registers;
    int users = 0;
    std::vector<float> values;
  };
  struct Fenced {
    RegisterRange range;
    std::vector<unsigned char> content;
  };
  struct WarpState {
    uint64_t issued = 0;
    uint64_t finished = 0;
    uint64_t committed = 0;  // groups
    std::deque<Product> products;
    std::vector<Accumulator> accumulators;
    std::vector<Fenced> fenced[LANES];
  };

  void start(WarpState& warp, void** operands, const Signature& what, const Site& site);
  void requireSameInGroup(const WarpState& warp, const Signature& what, const Site& site);
  size_t accumulatorFor(WarpState& warp, void** operands, int registers, const Site& site);
  void requireFenced(const WarpState& warp, int lane, const void* registers, uint32_t bytes, const char* what, const Site& site) const;
  void finish(WarpState& warp, uint64_t groups, const Site& site);
  // Reads the operands in shared memory into a_ and b_; returns a hash of their bytes. With all checks at the issue of product `number`, or
  // without if that is 0.
  uint64_t readOperands(const Signature& what, uint32_t number);
  // Of the values in a_ and b_.
  void findExponents(ProductElement element, int n);
  void requireSameRegistersA(const Product& product, const Site& site) const;
  void give(WarpState& warp, Accumulator& accumulator, const Site& site);
  void requireFree(const WarpState& warp, int lane, const RegisterRange& range, const Site& site) const;

  static constexpr int M = 16;  // of a warp
  static constexpr int MAX_K = 32;
  static constexpr int MAX_N = 256;

  // Operands of the product that is being done; a fibre's stack is small.
  float a_[M][MAX_K];
  float b_[MAX_K * MAX_N];
  int32_t aExponents_[M][MAX_K];
  int32_t bExponents_[MAX_K * MAX_N];
  WarpState warps_[MAX_WARPS];
  std::vector<Signature> issuedByGroup_[MAX_WARPS / WARPGROUP_WARPS];
};

}  // namespace emulated
