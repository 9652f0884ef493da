package org.conceptclip.backend.cuda.driver.nvidia;

import static org.conceptclip.backend.cuda.driver.nvidia.CudaNumbers.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
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
    final long function;
    final int argumentBytes;
    int sharedBytesLimit = DEFAULT_SHARED_BYTES;

    Loaded(long function, int argumentBytes) {
      this.function = function;
      this.argumentBytes = argumentBytes;
    }
  }

  private final DriverApi api;
  private final CudaStatus status;
  private final KernelIndex index;
  private final Map<String, Long> modules = new HashMap<>();
  private final Map<String, Loaded> kernels = new HashMap<>();

  KernelModules(DriverApi api, CudaStatus status, KernelIndex index) {
    this.api = api;
    this.status = status;
    this.index = index;
  }

  /** The driver's function for a launch: its argument has the size that it reads, its dynamic shared memory is allowed. */
  synchronized long function(KernelLaunch launch) {
    String name = launch.kernel();
    Loaded kernel = kernels.get(name);
    if (kernel == null) {
      kernel = load(name);
      kernels.put(name, kernel);
    }
    if (launch.arguments().byteSize() != kernel.argumentBytes) {
      throw new CudaException(Kind.FAILED, "cuLaunchKernel", "CUDA_ERROR_INVALID_VALUE",
          launch.describe() + ", the kernel reads " + kernel.argumentBytes);
    }
    int sharedBytes = launch.sharedBytes();
    if (sharedBytes > kernel.sharedBytesLimit) {
      status.check("cuFuncSetAttribute",
          api.cuFuncSetAttribute(kernel.function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, sharedBytes),
          () -> name + ", " + sharedBytes + " bytes of dynamic shared memory");
      kernel.sharedBytesLimit = sharedBytes;
    }
    return kernel.function;
  }

  private Loaded load(String name) {
    String file = index.get(name).file();
    long module = modules.computeIfAbsent(file, this::compile);
    try (Arena arena = Arena.ofConfined()) {
      status.check("cuModuleGetFunction",
          api.cuModuleGetFunction(CallMemory.results(), module, arena.allocateFrom(name).address()), () -> name + " in " + file);
      return new Loaded(CallMemory.result(), index.get(name).argumentBytes());
    }
  }

  private long compile(String file) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment image = arena.allocateFrom(KernelIndex.text(file), StandardCharsets.US_ASCII);
      MemorySegment log = arena.allocate(LOG_BYTES);
      MemorySegment options =
          arena.allocateFrom(ValueLayout.JAVA_INT, CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
      // An array of pointers: the size is passed as one.
      MemorySegment values = arena.allocateFrom(ValueLayout.JAVA_LONG, log.address(), LOG_BYTES);
      int loaded =
          api.cuModuleLoadDataEx(CallMemory.results(), image.address(), 2, options.address(), values.address());
      if (loaded != CUDA_SUCCESS) {
        String said = log.getString(0, StandardCharsets.US_ASCII).strip();
        throw status.failure("cuModuleLoadDataEx", loaded, file + (said.isEmpty() ? "" : ": " + said.replaceAll("\\s*\n\\s*", "; ")));
      }
      return CallMemory.result();
    }
  }

  @Override
  public synchronized void close() {
    kernels.clear();
    try (Closer owned = new Closer()) {
      modules.values().forEach(module -> owned.own(() -> status.checkRelease("cuModuleUnload", api.cuModuleUnload(module))));
      modules.clear();
    }
  }
}
