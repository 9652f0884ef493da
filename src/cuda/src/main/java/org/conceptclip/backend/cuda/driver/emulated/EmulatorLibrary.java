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
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.DeviceBlocks;
import org.conceptclip.backend.cuda.driver.KernelLaunch;
import org.conceptclip.backend.cuda.driver.MatmulCall;
import org.conceptclip.backend.cuda.driver.TensorMap;

/**
 * The C interface of the emulator ({@code native/emulator/emulator.h}). A library is loaded once and stays until the JVM ends;
 * its device memory is shared by all drivers on it. Thread-safe: one call at a time, since the message of a failure is fetched
 * by a second call.
 */
final class EmulatorLibrary {
  private static final Map<Path, EmulatorLibrary> LOADED = new ConcurrentHashMap<>();

  /** CUDA's limit for a kernel's arguments before CUDA 12.1, which our kernels keep to. */
  private static final int MAX_ARGUMENT_BYTES = 4096;

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
  private final Map<String, MemorySegment> kernels;

  // Reused under the lock: a call each would cost an allocation.
  private final MemorySegment argumentBuffer = Arena.global().allocate(MAX_ARGUMENT_BYTES, 64);
  private final MemorySegment addressBuffer = Arena.global().allocate(LONG);
  private final MemorySegment messageBuffer = Arena.global().allocate(MESSAGE_BYTES);

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
    kernels = kernelNames();
  }

  /** The library in this file, loaded on first use. */
  static EmulatorLibrary load(Path path) {
    return LOADED.computeIfAbsent(path.toAbsolutePath().normalize(), EmulatorLibrary::new);
  }

  boolean hasKernel(String name) {
    return kernels.containsKey(name);
  }

  synchronized long allocate(long bytes) {
    try {
      check("emulator_allocate", (int) allocate.invokeExact(bytes, addressBuffer), bytes + " bytes");
      return addressBuffer.get(LONG, 0);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  synchronized void free(long address) {
    try {
      check("emulator_free", (int) free.invokeExact(address), DeviceBlocks.hex(address));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Both are plain addresses: who calls has seen to it that the host memory is alive. */
  synchronized void copyToDevice(long to, long fromHost, long bytes) {
    try {
      check("emulator_copy_to_device", (int) copyToDevice.invokeExact(to, fromHost, bytes), bytes + " bytes");
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  synchronized void copyToHost(long toHost, long from, long bytes) {
    try {
      check("emulator_copy_to_host", (int) copyToHost.invokeExact(toHost, from, bytes), bytes + " bytes");
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  synchronized void fill(long address, byte value, long bytes) {
    try {
      check("emulator_fill", (int) fill.invokeExact(address, (int) value, bytes), bytes + " bytes");
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Launches with these argument bytes instead of the segment in {@code launch}, which may have changed since. */
  synchronized void launch(KernelLaunch launch, byte[] arguments) {
    MemorySegment.copy(arguments, 0, argumentBuffer, ValueLayout.JAVA_BYTE, 0, arguments.length);
    try {
      int status = (int) this.launch.invokeExact(kernels.get(launch.kernel()), launch.gridX(), launch.gridY(), 1,
          launch.threads(), launch.sharedBytes(), argumentBuffer, (long) arguments.length);
      check("emulator_launch", status, launch.kernel());
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  synchronized void matmul(MatmulCall product) {
    MatmulCall.Shape shape = product.shape();
    try {
      int status = (int) matmul.invokeExact(product.rows(), shape.inputs(), shape.outputs(), product.x(), product.xPitch(),
          product.weight(), product.bias(), product.out(), product.outPitch(), shape.outFloat32() ? 1 : 0,
          shape.accumulate() ? 1 : 0);
      check("emulator_matmul", status, product.rows() + " rows, " + shape);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Writes the 128 bytes of a tensor map into {@code out}. */
  synchronized void encodeTensorMap(TensorMap map, MemorySegment out) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment extents = arena.allocateFrom(LONG, map.extents());
      MemorySegment strides = arena.allocateFrom(LONG, map.strideBytes());
      MemorySegment box = arena.allocateFrom(INT, map.box());
      MemorySegment encoded = arena.allocate(out.byteSize(), 64);
      int status = (int) encodeTensorMap.invokeExact(
          map.address(), map.extents().length, extents, strides, box, map.swizzle().ordinal(), encoded);
      check("emulator_encode_tensor_map", status, map.describe());
      out.copyFrom(encoded);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private Map<String, MemorySegment> kernelNames() {
    MethodHandle count = bind("emulator_kernel_count");
    MethodHandle name = Linker.nativeLinker().downcallHandle(
        find("emulator_kernel_name"), FunctionDescriptor.of(ValueLayout.ADDRESS, INT));
    Map<String, MemorySegment> names = new LinkedHashMap<>();
    try {
      int kernelCount = (int) count.invokeExact();
      for (int i = 0; i < kernelCount; i++) {
        MemorySegment text = (MemorySegment) name.invokeExact(i);
        names.put(text.reinterpret(Long.MAX_VALUE).getString(0), text);
      }
    } catch (Throwable e) {
      throw unexpected(e);
    }
    return Map.copyOf(new HashMap<>(names));
  }

  /** Throws what the status says, with the library's own message. */
  private void check(String call, int status, String details) throws Throwable {
    Status answer = Status.of(status);
    if (answer == Status.OK) {
      return;
    }
    int ignoredStatus = (int) lastError.invokeExact(messageBuffer, (long) MESSAGE_BYTES);
    String message = messageBuffer.getString(0);
    throw new CudaException(answer.kind, call, answer.name(), message.isEmpty() ? details : details + ": " + message);
  }

  private MethodHandle bind(String name, MemoryLayout... parameters) {
    return Linker.nativeLinker().downcallHandle(find(name), FunctionDescriptor.of(INT, parameters));
  }

  private MemorySegment find(String name) {
    return symbols.find(name).orElseThrow(
        () -> new BackendUnavailableException("emulator: the library has no function " + name + "; build it anew"));
  }

  private static RuntimeException unexpected(Throwable failure) {
    // A downcall of plain integers and addresses throws nothing of its own; what check() and the JVM throw passes through.
    if (failure instanceof Error error) {
      throw error;
    }
    return failure instanceof RuntimeException ours ? ours : new IllegalStateException("call of the emulator failed", failure);
  }

  /** Status codes of emulator.h, in their order. */
  private enum Status {
    OK(Kind.FAILED),
    OUT_OF_MEMORY(Kind.MEMORY),
    INVALID_ARGUMENT(Kind.FAILED),
    KERNEL_FAULT(Kind.LOST),
    UNKNOWN_KERNEL(Kind.FAILED);

    private static final Status[] BY_CODE = values();

    private final Kind kind;

    Status(Kind kind) {
      this.kind = kind;
    }

    static Status of(int code) {
      if (code < 0 || code >= BY_CODE.length) {
        throw new IllegalStateException("emulator: unknown status " + code);
      }
      return BY_CODE[code];
    }
  }
}
