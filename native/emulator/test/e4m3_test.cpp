// Conversions to e4m3 of the device layer, as targets without an instruction for them and the emulator do them, against a search for the
// nearest value: every f16, and every float about the places where the result changes.
#include "../../../kernels/include/device.cuh"
#include "e4m3.hpp"
#include "kernel_test.hpp"

namespace {

using test::encodeE4m3;

void requireCode(const char* what, double value, int found) {
  int expected = encodeE4m3(value);
  if (found != expected) {
    char line[100];
    std::snprintf(line, sizeof(line), "%a is %#x, expected %#x", value, found, expected);
    test::fail(what, line);
  }
}

void requireFloat(float value) {
  requireCode("float in the lower byte", value, packE4m3(value, 1.0f) & 0xff);
  requireCode("float in the upper byte", -value, packE4m3(2.0f, -value) >> 8);
}

void everyHalf() {
  for (uint32_t bits = 0; bits < 0x10000; bits++) {
    uint32_t other = bits ^ 0x8001;
    uint16_t pair = packE4m3(bits | other << 16);
    requireCode("f16 in the lower half", static_cast<double>(lowHalf(bits)), pair & 0xff);
    requireCode("f16 in the upper half", static_cast<double>(lowHalf(other)), pair >> 8);
  }
}

// Values, the middles between them, and the floats beside both.
void boundaries() {
  for (int code = 0; code < 0x7e; code++) {
    float from = static_cast<float>(test::decodeE4m3(code)), to = static_cast<float>(test::decodeE4m3(code + 1));
    for (float at : {from, (from + to) / 2}) {
      for (float each : {std::nextafter(at, -1e9f), at, std::nextafter(at, 1e9f)}) requireFloat(each);
    }
  }
  for (float each : {448.0f, 449.0f, 463.99f, 464.0f, 465.0f, 480.0f, 1e30f, 1e-30f, 1e-45f, 0.0f, INFINITY, -INFINITY, NAN}) {
    requireFloat(each);
  }
}

void vectors() {
  Vector<float, 8> values;
  for (int i = 0; i < 8; i++) values[i] = 0.3f * static_cast<float>(i) - 1.0f;
  Vector<e4m3, 8> found = toE4m3(values);
  for (int i = 0; i < 8; i++) requireCode("element of a vector", values[i], found[i].bits);
}

}  // namespace

int main() {
  everyHalf();
  boundaries();
  vectors();
  return test::finish("e4m3_test");
}
