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

/**
 * The C interface of the emulator ({@code native/emulator/emulator.h}). A library is loaded once and stays until the JVM ends; all
 * drivers on it share its device memory. Thread-safe: one call at a time, since a second call fetches the message of a failure.
 */
final class EmulatorLibrary {
  private static final Map<Path, EmulatorLibrary> LOADED = new ConcurrentHashMap<>();

  /** CUDA's limit for a kernel's arguments before CUDA 12.1, which our kernels keep to. */
  static final int MAX_ARGUMENT_BYTES = 4096;

  private static final int MESSAGE_BYTES = 4096;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final MemoryLayout POINTER = ValueLayout.ADDRESS;

  private final SymbolLookup symbols;
  private final MethodHandle allocate;
  private final MethodHandle free;
  private final MethodHandle copyToDevice;
  private final MethodHandle copyToHost;
  private final MethodHandle fill;
  private final MethodHandle launch;
  private final MethodHandle matmul;
  private final MethodHandle encodeTensorMap;
  private final MethodHandle lastError;
  private final Map<String, MemorySegment> kernels = new TreeMap<>();

  // Reused under the lock: memory for each call would cost an allocation.
  private final MemorySegment argumentBuffer = Arena.global().allocate(MAX_ARGUMENT_BYTES, 64);
  private final MemorySegment addressBuffer = Arena.global().allocate(LONG);
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

  /** A call into the library. */
  private interface Call {
    int status() throws Throwable;
  }

  private EmulatorLibrary(Path path) {
    try {
      symbols = SymbolLookup.libraryLookup(path, Arena.global());
    } catch (IllegalArgumentException e) {
      throw new BackendUnavailableException("emulator: " + path + " cannot be loaded", e);
    }
    allocate = bind("emulator_allocate", LONG, POINTER);
    free = bind("emulator_free", LONG);
    copyToDevice = bind("emulator_copy_to_device", LONG, LONG, LONG);
    copyToHost = bind("emulator_copy_to_host", LONG, LONG, LONG);
    fill = bind("emulator_fill", LONG, INT, LONG);
    launch = bind("emulator_launch", POINTER, INT, INT, INT, INT, INT, POINTER, LONG);
    matmul = bind("emulator_matmul", INT, INT, INT, LONG, LONG, LONG, LONG, LONG, LONG, INT, INT);
    encodeTensorMap = bind("emulator_encode_tensor_map", LONG, INT, POINTER, POINTER, POINTER, INT, POINTER);
    lastError = bind("emulator_last_error", POINTER, LONG);
    MethodHandle name = Linker.nativeLinker().downcallHandle(
        find("emulator_kernel_name"), FunctionDescriptor.of(ValueLayout.ADDRESS, INT));
    check("emulator_kernel_name", "", () -> {
      MemorySegment text;
      for (int i = 0; (text = (MemorySegment) name.invokeExact(i)).address() != 0; i++) {
        kernels.put(text.reinterpret(Long.MAX_VALUE).getString(0), text);
      }
      return 0;
    });
  }

  /** The library in this file, loaded on first use. */
  static EmulatorLibrary load(Path path) {
    return LOADED.computeIfAbsent(path.toAbsolutePath().normalize(), EmulatorLibrary::new);
  }

  boolean hasKernel(String name) {
    return kernels.containsKey(name);
  }

  synchronized long allocate(long bytes) {
    check("emulator_allocate", bytes + " bytes", () -> (int) allocate.invokeExact(bytes, addressBuffer));
    return addressBuffer.get(LONG, 0);
  }

  synchronized void free(long address) {
    check("emulator_free", DeviceBlocks.hex(address), () -> (int) free.invokeExact(address));
  }

  /** Both are plain addresses: the caller has made sure that the host memory is alive. */
  synchronized void copyToDevice(long to, long fromHost, long bytes) {
    check("emulator_copy_to_device", bytes + " bytes", () -> (int) copyToDevice.invokeExact(to, fromHost, bytes));
  }

  synchronized void copyToHost(long toHost, long from, long bytes) {
    check("emulator_copy_to_host", bytes + " bytes", () -> (int) copyToHost.invokeExact(toHost, from, bytes));
  }

  synchronized void fill(long address, byte value, long bytes) {
    check("emulator_fill", bytes + " bytes", () -> (int) fill.invokeExact(address, (int) value, bytes));
  }

  /** Launches with these argument bytes instead of the segment in {@code launch}, which may have changed since. */
  synchronized void launch(KernelLaunch launch, byte[] arguments) {
    MemorySegment.copy(arguments, 0, argumentBuffer, ValueLayout.JAVA_BYTE, 0, arguments.length);
    check("emulator_launch", launch.kernel(), () -> (int) this.launch.invokeExact(kernels.get(launch.kernel()), launch.gridX(),
        launch.gridY(), 1, launch.threads(), launch.sharedBytes(), argumentBuffer, (long) arguments.length));
  }

  synchronized void matmul(MatmulCall product) {
    MatmulCall.Shape shape = product.shape();
    check("emulator_matmul", product.rows() + " rows, " + shape, () -> (int) matmul.invokeExact(product.rows(), shape.inputs(),
        shape.outputs(), product.x(), product.xPitch(), product.weight(), product.bias(), product.out(), product.outPitch(),
        shape.outFloat32() ? 1 : 0, shape.accumulate() ? 1 : 0));
  }

  /** Writes the 128 bytes of a tensor map into {@code out}. */
  synchronized void encodeTensorMap(TensorMap map, MemorySegment out) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment extents = arena.allocateFrom(LONG, map.extents());
      MemorySegment strides = arena.allocateFrom(LONG, map.strideBytes());
      MemorySegment box = arena.allocateFrom(INT, map.box());
      MemorySegment encoded = arena.allocate(out.byteSize(), 64);
      check("emulator_encode_tensor_map", map.describe(), () -> (int) encodeTensorMap.invokeExact(
          map.address(), map.extents().length, extents, strides, box, map.swizzle().ordinal(), encoded));
      out.copyFrom(encoded);
    }
  }

  /** Makes a call; throws what its status says, with the library's own message. */
  private void check(String name, String details, Call call) {
    try {
      int code = call.status();
      if (code != 0) {
        Status status = Status.values()[code];
        int ignoredStatus = (int) lastError.invokeExact(messageBuffer, (long) MESSAGE_BYTES);
        String message = messageBuffer.getString(0);
        throw new CudaException(status.kind, name, status.name(), message.isEmpty() ? details : details + ": " + message);
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      // Not reached: a downcall of plain integers and addresses throws nothing by itself.
      throw new IllegalStateException("call of the emulator failed", e);
    }
  }

  private MethodHandle bind(String name, MemoryLayout... parameters) {
    return Linker.nativeLinker().downcallHandle(find(name), FunctionDescriptor.of(INT, parameters));
  }

  private MemorySegment find(String name) {
    return symbols.find(name).orElseThrow(
        () -> new BackendUnavailableException("emulator: the library has no function " + name + "; build it anew"));
  }
}
