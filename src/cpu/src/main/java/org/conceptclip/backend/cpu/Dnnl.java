package org.conceptclip.backend.cpu;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.util.NativeLibrary;
import org.conceptclip.util.OneLine;

/**
 * oneDNN's library: its C functions by name, and the constants of {@code dnnl_types.h} that are used. Functions of the libraries that it is
 * linked to are found as well: those of the C library, and those of the OpenMP runtime that it uses. Thread-safe.
 *
 * <p>Pointers, sizes and ints all travel as 64-bit numbers: on x86-64 they take the same registers and stack slots, of which a function
 * reads what it needs. Floats take registers of their own, so they come last here. Thus few kinds of call have to be linked; each
 * costs a millisecond or two at start.
 */
final class Dnnl {
  static final int CPU = 1;
  static final int BF16 = 2;
  static final int F32 = 3;
  static final int LAYOUT_ANY = 1;
  static final int STREAM_IN_ORDER = 1;
  static final int FORWARD_INFERENCE = 96;
  static final int SOFTMAX_ACCURATE = 0x30000;
  static final int ELTWISE_LINEAR = 0x20 + 6;
  static final int ELTWISE_GELU_ERF = 0x20 + 17;
  static final int NORM_SCALE_AND_SHIFT = 2 | 4;
  static final int SCRATCHPAD_USER = 1;
  static final int QUERY_WEIGHTS = 131;
  static final int QUERY_SCRATCHPAD = 136;

  static final int SRC = 1;
  static final int DST = 17;
  static final int WEIGHTS = 33;
  static final int BIAS = 41;
  static final int SCALE = 51;
  static final int SHIFT = 52;
  static final int SCRATCHPAD = 80;

  private static final String FOLDER = "org/bytedeco/dnnl/linux-x86_64/";

  private static Dnnl loaded;

  private final NativeLibrary library;
  private final Map<String, MethodHandle> functions = new ConcurrentHashMap<>();

  private Dnnl() throws IOException {
    String platform = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    if (!platform.equals("Linux amd64")) {
      throw new IOException("no build of it, expected Linux amd64");
    }
    library = new NativeLibrary("dnnl", Dnnl.class, FOLDER + "libgomp.so.1", FOLDER + "libdnnl.so.3");
  }

  /**
   * The library, loaded once per class loader.
   *
   * @throws BackendUnavailableException if it is missing or does not fit this machine
   */
  static synchronized Dnnl load() {
    try {
      return loaded != null ? loaded : (loaded = new Dnnl());
    } catch (IOException | IllegalArgumentException e) {
      throw new BackendUnavailableException("CPU backend: oneDNN's native library cannot be loaded on " + System.getProperty("os.name")
          + " " + System.getProperty("os.arch") + ": " + OneLine.of(e.getMessage()), e);
    }
  }

  /** Calls a function of up to eight arguments; what it returns, if it is an int, is in the lower half of the result. */
  long call(String function, long... a) {
    MethodHandle f = function(function, a.length, 0);
    try {
      return switch (a.length) {
        case 0 -> (long) f.invokeExact();
        case 1 -> (long) f.invokeExact(a[0]);
        case 2 -> (long) f.invokeExact(a[0], a[1]);
        case 3 -> (long) f.invokeExact(a[0], a[1], a[2]);
        case 4 -> (long) f.invokeExact(a[0], a[1], a[2], a[3]);
        case 5 -> (long) f.invokeExact(a[0], a[1], a[2], a[3], a[4]);
        case 6 -> (long) f.invokeExact(a[0], a[1], a[2], a[3], a[4], a[5]);
        case 7 -> (long) f.invokeExact(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
        default -> (long) f.invokeExact(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
      };
    } catch (Throwable e) {
      throw NativeLibrary.unexpected(function, e);
    }
  }

  /** {@link #call(String, long...)} of a function that takes one or two floats besides two, three or eight other arguments. */
  long callWithFloats(String function, float x, float y, long... a) {
    MethodHandle f = function(function, a.length, 2);
    try {
      return switch (a.length) {
        case 2 -> (long) f.invokeExact(a[0], a[1], x, y);
        case 3 -> (long) f.invokeExact(a[0], a[1], a[2], x, y);
        default -> (long) f.invokeExact(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], x, y);
      };
    } catch (Throwable e) {
      throw NativeLibrary.unexpected(function, e);
    }
  }

  private MethodHandle function(String name, int numbers, int floats) {
    MethodHandle known = functions.get(name);
    return known != null ? known : functions.computeIfAbsent(name, n -> {
      Stream<MemoryLayout> arguments = Stream.concat(
          Stream.generate(() -> ValueLayout.JAVA_LONG).limit(numbers), Stream.generate(() -> ValueLayout.JAVA_FLOAT).limit(floats));
      return library.bind(n, FunctionDescriptor.of(ValueLayout.JAVA_LONG, arguments.toArray(MemoryLayout[]::new)));
    });
  }
}
