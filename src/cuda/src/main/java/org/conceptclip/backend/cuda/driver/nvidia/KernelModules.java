package org.conceptclip.backend.cuda.driver.nvidia;

import static org.bytedeco.cuda.global.cudart.*;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUmod_st;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.KernelIndex;
import org.conceptclip.backend.cuda.driver.KernelLaunch;
import org.conceptclip.util.Closer;

/** Kernels by name, their modules loaded on first use and kept until closed. Thread-safe; the context must be current. */
final class KernelModules implements AutoCloseable {
  /** Dynamic shared memory that a block may use without an explicit attribute (CUDA programming guide). */
  private static final int DEFAULT_SHARED_BYTES = 48 << 10;

  private static final int LOG_BYTES = 8 << 10;

  private static final class Loaded {
    final CUfunc_st function = new CUfunc_st();
    int sharedBytesLimit = DEFAULT_SHARED_BYTES;
  }

  private final CudaStatus status;
  private final KernelIndex index;
  private final Map<String, CUmod_st> modules = new HashMap<>();
  private final Map<String, Loaded> kernels = new HashMap<>();

  KernelModules(CudaStatus status, KernelIndex index) {
    this.status = status;
    this.index = index;
  }

  /** The function for a launch: its argument has the size that it reads, its dynamic shared memory is allowed. */
  synchronized CUfunc_st function(KernelLaunch launch) {
    String name = launch.kernel();
    int sharedBytes = launch.sharedBytes();
    Loaded kernel = kernels.computeIfAbsent(name, this::load);
    int argumentBytes = index.get(name).argumentBytes();
    if (launch.arguments().byteSize() != argumentBytes) {
      throw new CudaException(Kind.FAILED, "cuLaunchKernel", "CUDA_ERROR_INVALID_VALUE",
          launch.describe() + ", the kernel reads " + argumentBytes);
    }
    if (sharedBytes > kernel.sharedBytesLimit) {
      status.check("cuFuncSetAttribute",
          cuFuncSetAttribute(kernel.function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, sharedBytes),
          () -> name + ", " + sharedBytes + " bytes of dynamic shared memory");
      kernel.sharedBytesLimit = sharedBytes;
    }
    return kernel.function;
  }

  private Loaded load(String name) {
    String file = index.get(name).file();
    CUmod_st module = modules.computeIfAbsent(file, this::compile);
    Loaded loaded = new Loaded();
    status.check("cuModuleGetFunction", cuModuleGetFunction(loaded.function, module, name), () -> name + " in " + file);
    return loaded;
  }

  private CUmod_st compile(String file) {
    byte[] ptx = (KernelIndex.text(file) + '\0').getBytes(StandardCharsets.US_ASCII);
    CUmod_st module = new CUmod_st();
    try (BytePointer image = new BytePointer(ptx);
        BytePointer log = new BytePointer(LOG_BYTES);
        IntPointer options = new IntPointer(CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
        PointerPointer<Pointer> values = new PointerPointer<>(log, new RawPointer(LOG_BYTES))) {
      log.put(0, (byte) 0);
      int loaded = cuModuleLoadDataEx(module, image, 2, options, values);
      if (loaded != CUDA_SUCCESS) {
        // Up to the terminating zero, which JavaCPP ignores in memory whose size it knows.
        String said = log.getString(StandardCharsets.US_ASCII).split("\0", 2)[0].strip();
        status.check("cuModuleLoadDataEx", loaded, () -> file + (said.isEmpty() ? "" : ": " + said.replaceAll("\\s*\n\\s*", "; ")));
      }
    }
    return module;
  }

  @Override
  public synchronized void close() {
    kernels.clear();
    try (Closer owned = new Closer()) {
      modules.values().forEach(module -> owned.own(module, () -> status.checkRelease("cuModuleUnload", cuModuleUnload(module))));
      modules.clear();
    }
  }
}
