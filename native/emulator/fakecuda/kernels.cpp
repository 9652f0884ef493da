// Modules, kernels, tensor maps.
#include <cstring>

#include "fake_device.hpp"

// Compiles nothing, but believes only what looks like PTX for this device, and remembers its entry points.
API cuModuleLoadDataEx(Module** module, const char* image, unsigned optionCount, const int* options, void** values) {
  ENTER();
  constexpr int ERROR_LOG = 5;
  std::string text = image;
  std::string target = device.capability == 90 ? ".target sm_90a" : ".target sm_80";
  if (text.find(".version ") == std::string::npos || text.find(target) == std::string::npos) {
    for (unsigned i = 0; i < optionCount; i++) {
      if (options[i] == ERROR_LOG) {
        strcpy(static_cast<char*>(values[i]), "ptxas application ptx input, line 1; fatal : not for this device\n");
      }
    }
    return INVALID_PTX;
  }
  Module loaded;
  const std::string entry = ".entry ";
  for (size_t at = text.find(entry); at != std::string::npos; at = text.find(entry, at + 1)) {
    size_t begin = at + entry.size();
    std::string name = text.substr(begin, text.find('(', begin) - begin);
    // The one parameter is declared as bytes: name_param_0[56].
    loaded.functions[name] = {name, std::stoi(text.substr(text.find('[', begin) + 1))};
  }
  *module = device.modules.add(std::move(loaded));
  return SUCCESS;
}

API cuModuleUnload(Module* module) {
  ENTER();
  return device.modules.remove(module) ? SUCCESS : INVALID_HANDLE;
}

API cuModuleGetFunction(Function** function, Module* module, const char* name) {
  ENTER();
  if (!device.modules.has(module) || module->functions.count(name) == 0) {
    return NOT_FOUND;
  }
  *function = &module->functions[name];
  return SUCCESS;
}

API cuFuncSetAttribute(Function* function, int attribute, int value) {
  ENTER();
  constexpr int MAX_DYNAMIC_SHARED_BYTES = 8;
  int limit = (device.capability >= 90 ? 227 : 163) << 10;
  if (attribute != MAX_DYNAMIC_SHARED_BYTES || value > limit) {
    return INVALID_VALUE;
  }
  function->sharedBytesLimit = value;
  return SUCCESS;
}

API cuLaunchKernel(Function* function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY, unsigned blockZ,
                   unsigned sharedBytes, FakeStream* stream, void** parameters, void** extra) {
  ENTER();
  bool possible = gridX > 0 && gridY > 0 && gridY < 65536 && gridZ > 0 && gridZ < 65536 && blockX > 0 && blockX <= 1024 && blockY == 1 &&
                  blockZ == 1 && static_cast<int>(sharedBytes) <= function->sharedBytesLimit && parameters != nullptr && extra == nullptr;
  if (!possible) {
    return INVALID_VALUE;
  }
  const char* first = static_cast<const char*>(parameters[0]);
  std::vector<char> argument(first, first + function->argumentBytes);
  std::string name = function->name;
  return submit(stream, [=] {
    return emulator_launch(name.c_str(), static_cast<int>(gridX), static_cast<int>(gridY), static_cast<int>(gridZ), static_cast<int>(blockX),
                           static_cast<int>(sharedBytes), device.capability, argument.data(), argument.size());
  });
}

API cuTensorMapEncodeTiled(void* map, int type, unsigned rank, void* address, const uint64_t* extents, const uint64_t* strideBytes,
                           const uint32_t* box, const uint32_t* elementStrides, int interleave, int swizzle, int, int outOfBoundsFill) {
  ENTER();
  constexpr int UINT8 = 0, FLOAT16 = 6;
  if (device.capability < 90) {
    return NOT_SUPPORTED;
  }
  bool plain = (type == FLOAT16 || type == UINT8) && interleave == 0 && outOfBoundsFill == 0;
  for (unsigned axis = 0; axis < rank; axis++) {
    plain = plain && elementStrides[axis] == 1;
  }
  if (!plain || emulator_encode_tensor_map(reinterpret_cast<uint64_t>(address), type == FLOAT16 ? 2 : 1, static_cast<int>(rank), extents,
                                           strideBytes, reinterpret_cast<const int32_t*>(box), swizzle, map) != EMULATOR_OK) {
    return INVALID_VALUE;
  }
  return SUCCESS;
}
