package org.conceptclip.backend.cuda.driver.emulated;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.KernelLaunch;

/** The emulator with its own tests' kernels, built on first use, and what those tests need to run one. */
final class EmulatorTestKernels {
  static final Path SOURCES = checkout().resolve("native/emulator");
  static final Path LIBRARY = build();

  private EmulatorTestKernels() {}

  /** A driver with a stream. Closing it gives everything back and fails if something is left. */
  static final class Session implements AutoCloseable {
    final CudaDriver driver = new EmulatedCudaDriver(EmulatedDevice.ofCapability(90), LIBRARY);
    final long stream = driver.createStream();

    void launch(String kernel, int grid, int threads, int sharedBytes, MemorySegment arguments) {
      driver.launch(new KernelLaunch(kernel, grid, 1, threads, sharedBytes, arguments), stream);
      driver.synchronize(stream);
    }

    /** Device memory with the content of {@code host}. */
    long upload(MemorySegment host) {
      long address = driver.allocate(host.byteSize());
      driver.copyToDevice(address, host, stream);
      driver.synchronize(stream);
      return address;
    }

    void download(long address, MemorySegment to) {
      driver.copyToHost(to, address, stream);
      driver.synchronize(stream);
    }

    @Override
    public void close() {
      driver.destroyStream(stream);
      try (driver) {
        if (driver.liveObjects() != 0) {
          throw new AssertionError(driver.liveObjects() + " objects were not given back");
        }
      }
    }
  }

  /** The struct of all kernels in {@code planted} and of those in {@code selftest/order.cu}: two addresses and a count. */
  static MemorySegment arguments(Arena arena, long x, long out, int count) {
    MemorySegment arguments = arena.allocate(24, 8);
    arguments.setAtIndex(ValueLayout.JAVA_LONG, 0, x);
    arguments.setAtIndex(ValueLayout.JAVA_LONG, 1, out);
    arguments.setAtIndex(ValueLayout.JAVA_INT, 4, count);
    return arguments;
  }

  private static Path checkout() {
    return EmulatorLocation.checkout().orElseThrow(() -> new IllegalStateException("no checkout around " + Path.of("").toAbsolutePath()));
  }

  private static Path build() {
    try {
      Process process = new ProcessBuilder(SOURCES.resolve("build").toString(), "--planted").redirectErrorStream(true).start();
      process.getOutputStream().close();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException("native/emulator/build --planted: " + said);
      }
    } catch (IOException e) {
      throw new IllegalStateException("native/emulator/build cannot be run", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while the emulator was built", e);
    }
    return checkout().resolve("target/emulator-planted/libconceptclip-emulator-planted.so");
  }
}
