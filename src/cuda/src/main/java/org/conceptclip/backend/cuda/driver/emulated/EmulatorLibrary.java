package org.conceptclip.backend.cuda.driver.emulated;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.DeviceBlocks;
import org.conceptclip.backend.cuda.driver.KernelLaunch;
import org.conceptclip.backend.cuda.driver.MatmulCall;
import org.conceptclip.backend.cuda.driver.TensorMap;
import org.conceptclip.util.NativeLibrary;

/**
 * The C interface of the emulator ({@code native/emulator/emulator.h}). A library is loaded once and stays until the JVM ends; all
 * drivers on it share its device memory. Thread-safe: one call at a time, since a second call fetches the message of a failure.
 */
final class EmulatorLibrary {
  private static final Map<Path, EmulatorLibrary> LOADED = new ConcurrentHashMap<>();

  /** CUDA's limit for a kernel's arguments before CUDA 12.1, which our kernels keep to. */
  static final int MAX_ARGUMENT_BYTES = 4096;

  private static final int MESSAGE_BYTES = 4096;

  private final SymbolLookup symbols;
  private final Map<String, MethodHandle> functions = new HashMap<>();
  private final Map<String, Long> kernels = new TreeMap<>();

  // Reused under the lock: memory for each call would cost an allocation.
  private final MemorySegment argumentBuffer = Arena.global().allocate(MAX_ARGUMENT_BYTES, 64);
  private final MemorySegment addressBuffer = Arena.global().allocate(ValueLayout.JAVA_LONG);
  private final MemorySegment messageBuffer = Arena.global().allocate(MESSAGE_BYTES);

  /** Status codes of emulator.h, in their order. */
  private enum Status {
    OK(Kind.FAILED),
    OUT_OF_MEMORY(Kind.MEMORY),
    INVALID_ARGUMENT(Kind.FAILED),
    KERNEL_FAULT(Kind.LOST),
    UNKNOWN_KERNEL(Kind.FAILED);

    private final Kind kind;

    Status(Kind kind) {
      this.kind = kind;
    }
  }

  private EmulatorLibrary(Path path) {
    try {
      symbols = SymbolLookup.libraryLookup(path, Arena.global());
    } catch (IllegalArgumentException e) {
      throw new BackendUnavailableException("emulator: " + path + " cannot be loaded", e);
    }
    long name;
    for (int i = 0; (name = call("emulator_kernel_name", i)) != 0; i++) {
      kernels.put(MemorySegment.ofAddress(name).reinterpret(Long.MAX_VALUE).getString(0), name);
    }
  }

  /** The library in this file, loaded on first use. */
  static EmulatorLibrary load(Path path) {
    return LOADED.computeIfAbsent(path.toAbsolutePath().normalize(), EmulatorLibrary::new);
  }

  boolean hasKernel(String name) {
    return kernels.containsKey(name);
  }

  synchronized long allocate(long bytes) {
    run("emulator_allocate", bytes + " bytes", bytes, addressBuffer.address());
    return addressBuffer.get(ValueLayout.JAVA_LONG, 0);
  }

  synchronized void free(long address) {
    run("emulator_free", DeviceBlocks.hex(address), address);
  }

  /** Both are plain addresses: the caller has made sure that the host memory is alive. */
  synchronized void copyToDevice(long to, long fromHost, long bytes) {
    run("emulator_copy_to_device", bytes + " bytes", to, fromHost, bytes);
  }

  synchronized void copyToHost(long toHost, long from, long bytes) {
    run("emulator_copy_to_host", bytes + " bytes", toHost, from, bytes);
  }

  synchronized void fill(long address, byte value, long bytes) {
    run("emulator_fill", bytes + " bytes", address, value, bytes);
  }

  /**
   * Launches with these argument bytes instead of the segment in {@code launch}, which may have changed since.
   *
   * @param capability of the device, whose tensor cores' sums the kernel gets: 90 for sm_90
   */
  synchronized void launch(KernelLaunch launch, byte[] arguments, int capability) {
    MemorySegment.copy(arguments, 0, argumentBuffer, ValueLayout.JAVA_BYTE, 0, arguments.length);
    run("emulator_launch", launch.kernel(), kernels.get(launch.kernel()), launch.gridX(), launch.gridY(), 1, launch.threads(),
        launch.sharedBytes(), capability, argumentBuffer.address(), arguments.length);
  }

  /** A product in the sums of the tensor cores of a device of this compute capability. */
  synchronized void matmul(MatmulCall product, int capability) {
    MatmulCall.Shape shape = product.shape();
    run("emulator_matmul", product.rows() + " rows, " + shape, product.rows(), shape.inputs(), shape.outputs(), product.x(),
        product.xPitch(), product.weight(), product.bias(), product.out(), product.outPitch(), shape.outFloat32() ? 1 : 0,
        shape.accumulate() ? 1 : 0, capability);
  }

  /** Writes the 128 bytes of a tensor map into {@code out}. */
  synchronized void encodeTensorMap(TensorMap map, MemorySegment out) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment extents = arena.allocateFrom(ValueLayout.JAVA_LONG, map.extents());
      MemorySegment strides = arena.allocateFrom(ValueLayout.JAVA_LONG, map.strideBytes());
      MemorySegment box = arena.allocateFrom(ValueLayout.JAVA_INT, map.box());
      MemorySegment encoded = arena.allocate(out.byteSize(), 64);
      run("emulator_encode_tensor_map", map.describe(), map.address(), map.element().bytes(), map.extents().length, extents.address(),
          strides.address(), box.address(), map.swizzle().ordinal(), encoded.address());
      out.copyFrom(encoded);
    }
  }

  /** Calls a function that returns a status; throws what the status says, with the library's own message. */
  private void run(String function, String details, long... arguments) {
    int code = (int) call(function, arguments);
    if (code != 0) {
      Status status = Status.values()[code];
      call("emulator_last_error", messageBuffer.address(), MESSAGE_BYTES);
      String message = messageBuffer.getString(0);
      throw new CudaException(status.kind, function, status.name(), message.isEmpty() ? details : details + ": " + message);
    }
  }

  /** Pointers, sizes and ints all travel as 64-bit numbers, of which a function on x86-64 reads what it needs. */
  private long call(String function, long... arguments) {
    MethodHandle handle = functions.computeIfAbsent(function, name -> bind(name, arguments.length));
    try {
      return (long) handle.invokeExact(arguments);
    } catch (Throwable e) {
      throw NativeLibrary.unexpected(function, e);
    }
  }

  private MethodHandle bind(String function, int arguments) {
    MemorySegment address = symbols.find(function).orElseThrow(
        () -> new BackendUnavailableException("emulator: the library has no function " + function + "; build it anew"));
    MemoryLayout[] numbers = Collections.nCopies(arguments, ValueLayout.JAVA_LONG).toArray(MemoryLayout[]::new);
    return Linker.nativeLinker().downcallHandle(address, FunctionDescriptor.of(ValueLayout.JAVA_LONG, numbers))
        .asSpreader(long[].class, arguments);
  }
}
