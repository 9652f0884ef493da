package org.conceptclip.backend.cuda.driver.nvidia;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedCudaDriver;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;

/** The fake CUDA libraries of {@code native/emulator/fakecuda}: building them, and ordering failures of theirs. */
final class FakeCuda {
  private final MethodHandle fail;
  private final MethodHandle configure;
  private final MethodHandle reset;
  private final MethodHandle count;
  private final MethodHandle living;

  /** Of a process that was started with the fakes on its LD_LIBRARY_PATH. */
  FakeCuda() {
    SymbolLookup library = SymbolLookup.libraryLookup(CudaLibraries.DRIVER, Arena.global());
    fail = bind(library, "fakecuda_fail",
        FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    configure = bind(library, "fakecuda_configure", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
    reset = bind(library, "fakecuda_reset", FunctionDescriptor.ofVoid());
    count = bind(library, "fakecuda_count", FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));
    living = bind(library, "fakecuda_living", FunctionDescriptor.of(ValueLayout.JAVA_INT));
  }

  private static MethodHandle bind(SymbolLookup library, String name, FunctionDescriptor type) {
    return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), type);
  }

  /** Builds the libraries if they changed; answers their folder. */
  static Path build() throws IOException, InterruptedException {
    // They are linked to the emulator, which opening it builds.
    EmulatedCudaDriver.open(EmulatedDevice.ofCapability(80), line -> { }).close();
    Path checkout = Path.of("").toAbsolutePath();
    Process process = new ProcessBuilder(checkout.resolve("native/emulator/fakecuda/build").toString())
        .redirectErrorStream(true).start();
    List<String> said;
    try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
      said = reader.readAllLines();
    }
    if (process.waitFor() != 0) {
      throw new IllegalStateException("fakecuda/build: " + said);
    }
    return checkout.resolve("target/fakecuda");
  }

  /** The nth call of a function, 1 for the next, returns this status. */
  void fail(String function, int nth, int status) {
    try (Arena arena = Arena.ofConfined()) {
      fail.invokeExact(arena.allocateFrom(function), nth, status);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  void configure(String property, long value) {
    try (Arena arena = Arena.ofConfined()) {
      configure.invokeExact(arena.allocateFrom(property), value);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** Forgets what was ordered and configured. */
  void reset() {
    try {
      reset.invokeExact();
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** Takes objects off the count of the living, after a test in which they could not go. */
  void count(int difference) {
    try {
      count.invokeExact(difference);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** Native objects that are alive. */
  int living() {
    try {
      return (int) living.invokeExact();
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
