package org.conceptclip.backend.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.conceptclip.backend.DeviceException.Kind;
import org.junit.jupiter.api.function.Executable;

/**
 * What every {@link CudaDriver} must do, as cases by name. A case gets an open driver and gives back all that it takes; {@link
 * #check} sees to both.
 */
public final class CudaDriverContract {
  private static final int COLUMNS = 64;

  private CudaDriverContract() {}

  /** Of a driver that has a library for matrix products. */
  public static Map<String, Consumer<CudaDriver>> cases() {
    Map<String, Consumer<CudaDriver>> cases = common();
    cases.put("the library of products has a name", CudaDriverContract::productLibrary);
    cases.putAll(MatmulCases.cases());
    return cases;
  }

  /** Of a driver on a machine without such a library. */
  public static Map<String, Consumer<CudaDriver>> casesWithoutProducts() {
    Map<String, Consumer<CudaDriver>> cases = common();
    cases.put("products are refused, and everything else goes on", CudaDriverContract::noProductLibrary);
    return cases;
  }

  private static Map<String, Consumer<CudaDriver>> common() {
    Map<String, Consumer<CudaDriver>> cases = new LinkedHashMap<>();
    cases.put("copies come back as they went, at odd sizes", CudaDriverContract::copies);
    cases.put("fill sets the bytes asked for and no others", CudaDriverContract::fills);
    cases.put("a kernel computes", CudaDriverContract::kernelComputes);
    cases.put("a kernel's argument is read during the call", CudaDriverContract::argumentIsReadDuringTheCall);
    cases.put("launches that cannot be are refused", CudaDriverContract::impossibleLaunches);
    cases.put("events order streams", CudaDriverContract::eventsOrderStreams);
    cases.put("an event that was never recorded holds nobody up", CudaDriverContract::unrecordedEvent);
    cases.put("a graph does its work at every launch, and only then", CudaDriverContract::graph);
    cases.put("a graph runs on its own stream only", CudaDriverContract::graphStaysOnItsStream);
    cases.put("a capture that was waited for is spoiled", CudaDriverContract::spoiledCapture);
    cases.put("dead and foreign handles are refused", CudaDriverContract::deadHandles);
    cases.put("memory that a copy cannot use is refused", CudaDriverContract::badCopies);
    cases.put("too much memory is an error of its own, and the driver goes on", CudaDriverContract::outOfMemory);
    cases.put("the books are exact", CudaDriverContract::books);
    cases.put("closing gives back what is left", CudaDriverContract::close);
    cases.put("any thread may call", CudaDriverContract::threads);
    return cases;
  }

  /** Runs a case on a driver of its own and checks that nothing is left. */
  public static void check(Consumer<CudaDriver> test, CudaDriver opened) {
    try (CudaDriver driver = opened) {
      test.accept(driver);
      assertEquals(0, driver.liveObjects(), "living objects after the case");
      assertEquals(0, driver.allocatedBytes(), "device bytes after the case");
    }
  }

  private static void copies(CudaDriver driver) {
    try (TestDevice device = new TestDevice(driver)) {
      for (int bytes : new int[] {1, 255, 4097}) {
        byte[] sent = new byte[bytes];
        new Random(bytes).nextBytes(sent);
        MemorySegment pinned = driver.allocatePinned(bytes);
        pinned.copyFrom(MemorySegment.ofArray(sent));
        long address = device.block(bytes);
        assertEquals(0, address % 256, "alignment of device memory");
        driver.copyToDevice(address, pinned, device.stream);
        assertArrayEquals(sent, device.readBytes(address, bytes));
        driver.freePinned(pinned);
      }
    }
  }

  private static void productLibrary(CudaDriver driver) {
    String library = driver.productLibrary().orElseThrow();
    assertTrue(library.contains("cuBLASLt"), library);
    assertEquals(library, driver.productLibrary().orElseThrow());
  }

  private static void noProductLibrary(CudaDriver driver) {
    assertEquals(Optional.empty(), driver.productLibrary());
    try (TestDevice device = new TestDevice(driver)) {
      long matrix = device.block(128);
      MatmulCall.Shape shape = new MatmulCall.Shape(8, 8, false, false, false);
      MatmulCall product = new MatmulCall(shape, 8, matrix, 8, matrix, 0, device.block(128), 8);
      String message = failure(Kind.FAILED, () -> driver.matmul(product, device.stream));
      assertTrue(message.startsWith("cublasLtMatmul: no cuBLASLt ("), message);
      assertEquals(1, message.lines().count(), message);
      driver.beginCapture(device.stream);
      failure(Kind.FAILED, () -> driver.matmul(product, device.stream));
      driver.fill(matrix, (byte) 1, 1, device.stream);
      long graph = driver.endCapture(device.stream);
      driver.launchGraph(graph, device.stream);
      assertArrayEquals(new byte[] {1}, device.readBytes(matrix, 1));
      driver.destroyGraph(graph);
    }
    assertEquals(Optional.empty(), driver.productLibrary());
  }

  private static void fills(CudaDriver driver) {
    try (TestDevice device = new TestDevice(driver)) {
      long address = device.block(8);
      driver.fill(address, (byte) 7, 8, device.stream);
      driver.fill(address + 2, (byte) -1, 3, device.stream);
      assertArrayEquals(new byte[] {7, 7, -1, -1, -1, 7, 7, 7}, device.readBytes(address, 8));
    }
  }

  private static void kernelComputes(CudaDriver driver) {
    try (TestDevice device = new TestDevice(driver)) {
      float[] x = row(1);
      Norm norm = new Norm(device, x);
      driver.launch(norm.launch(), device.stream);
      norm.assertDone(x);
    }
  }

  private static void argumentIsReadDuringTheCall(CudaDriver driver) {
    try (TestDevice device = new TestDevice(driver)) {
      float[] x = row(2);
      Norm norm = new Norm(device, x);
      KernelLaunch launch = norm.launch();
      driver.launch(launch, device.stream);
      launch.arguments().fill((byte) 0);
      norm.assertDone(x);
    }
  }

  private static void impossibleLaunches(CudaDriver driver) {
    try (TestDevice device = new TestDevice(driver)) {
      Norm norm = new Norm(device, row(3));
      KernelLaunch good = norm.launch();
      KernelLaunch unknown = new KernelLaunch("no_such_kernel", 1, 1, 128, 0, good.arguments());
      String message = failure(Kind.FAILED, () -> driver.launch(unknown, device.stream));
      assertTrue(message.contains("no_such_kernel") && message.contains("NOT_FOUND"), message);
      KernelLaunch greedy = new KernelLaunch(good.kernel(), 1, 1, 128, 1 << 20, good.arguments());
      message = failure(Kind.FAILED, () -> driver.launch(greedy, device.stream));
      assertTrue(message.contains("1048576"), message);
      KernelLaunch crowded = new KernelLaunch(good.kernel(), 1, 1, 2048, 0, good.arguments());
      failure(Kind.FAILED, () -> driver.launch(crowded, device.stream));
      KernelLaunch empty = new KernelLaunch(good.kernel(), 0, 1, 128, 0, good.arguments());
      failure(Kind.FAILED, () -> driver.launch(empty, device.stream));
    }
  }

  private static void eventsOrderStreams(CudaDriver driver) {
    try (TestDevice producer = new TestDevice(driver); TestDevice consumer = new TestDevice(driver)) {
      long written = driver.createEvent();
      long block = producer.floats(0);
      for (int round = 1; round <= 3; round++) {
        driver.copyToDevice(block, producer.hostFloats(round), producer.stream);
        driver.record(written, producer.stream);
        driver.await(consumer.stream, written);
        assertArrayEquals(new float[] {round}, consumer.readFloats(block, 1));
      }
      driver.record(written, producer.stream);
      driver.synchronize(producer.stream);
      driver.destroyEvent(written);
    }
  }

  private static void unrecordedEvent(CudaDriver driver) {
    try (TestDevice device = new TestDevice(driver)) {
      long event = driver.createEvent();
      driver.await(device.stream, event);
      driver.synchronize(device.stream);
      driver.destroyEvent(event);
    }
  }

  private static void graph(CudaDriver driver) {
    try (TestDevice device = new TestDevice(driver)) {
      Norm norm = new Norm(device, row(4));
      MemorySegment input = driver.allocatePinned(4L * COLUMNS);
      driver.fill(norm.out, (byte) 0, 2L * COLUMNS, device.stream);
      driver.beginCapture(device.stream);
      driver.copyToDevice(norm.x, input, device.stream);
      driver.launch(norm.launch(), device.stream);
      long graph = driver.endCapture(device.stream);
      assertArrayEquals(new float[COLUMNS], device.readHalves(norm.out, COLUMNS), "work was done during the capture");
      for (int seed = 5; seed < 8; seed++) {
        float[] x = row(seed);
        input.copyFrom(MemorySegment.ofArray(x));
        driver.launchGraph(graph, device.stream);
        norm.assertDone(x);
      }
      driver.destroyGraph(graph);
      driver.freePinned(input);
    }
  }

  private static void graphStaysOnItsStream(CudaDriver driver) {
    try (TestDevice device = new TestDevice(driver); TestDevice other = new TestDevice(driver)) {
      long block = device.block(4);
      driver.beginCapture(device.stream);
      driver.fill(block, (byte) 1, 4, device.stream);
      long graph = driver.endCapture(device.stream);
      failure(Kind.FAILED, () -> driver.launchGraph(graph, other.stream));
      driver.destroyGraph(graph);
    }
  }

  private static void spoiledCapture(CudaDriver driver) {
    try (TestDevice device = new TestDevice(driver)) {
      failure(Kind.FAILED, () -> driver.endCapture(device.stream));
      driver.beginCapture(device.stream);
      failure(Kind.FAILED, () -> driver.synchronize(device.stream));
      String message = failure(Kind.FAILED, () -> driver.endCapture(device.stream));
      assertTrue(message.contains("STREAM_CAPTURE"), message);
      // The stream is as good as new.
      assertArrayEquals(new float[] {1}, device.readFloats(device.floats(1), 1));
    }
  }

  private static void deadHandles(CudaDriver driver) {
    long stream = driver.createStream();
    long event = driver.createEvent();
    failure(Kind.FAILED, () -> driver.synchronize(event));
    failure(Kind.FAILED, () -> driver.record(stream, stream));
    driver.destroyEvent(event);
    failure(Kind.FAILED, () -> driver.destroyEvent(event));
    failure(Kind.FAILED, () -> driver.launchGraph(event, stream));
    driver.destroyStream(stream);
    failure(Kind.FAILED, () -> driver.synchronize(stream));
    long block = driver.allocate(512);
    failure(Kind.FAILED, () -> driver.free(block + 256));
    driver.free(block);
    failure(Kind.FAILED, () -> driver.free(block));
  }

  private static void badCopies(CudaDriver driver) {
    try (TestDevice device = new TestDevice(driver); Arena arena = Arena.ofConfined()) {
      long block = device.block(16);
      MemorySegment host = arena.allocate(16);
      assertThrows(IllegalArgumentException.class,
          () -> driver.copyToDevice(block, MemorySegment.ofArray(new byte[16]), device.stream));
      assertThrows(IllegalArgumentException.class,
          () -> driver.copyToHost(MemorySegment.ofArray(new byte[16]), block, device.stream));
      assertThrows(IllegalArgumentException.class, () -> driver.copyToHost(host.asReadOnly(), block, device.stream));
      String message = failure(Kind.FAILED, () -> driver.copyToDevice(block + 1, host, device.stream));
      assertTrue(message.contains("16 bytes"), message);
      failure(Kind.FAILED, () -> driver.copyToHost(host, block - 1, device.stream));
      failure(Kind.FAILED, () -> driver.fill(block, (byte) 0, 17, device.stream));
    }
  }

  private static void outOfMemory(CudaDriver driver) {
    long tooMuch = driver.device().memoryBytes() + 1;
    String message = failure(Kind.MEMORY, () -> driver.allocate(tooMuch));
    assertTrue(message.contains(Long.toString(tooMuch)), message);
    failure(Kind.FAILED, () -> driver.allocate(0));
    driver.free(driver.allocate(1024));
  }

  private static void books(CudaDriver driver) {
    long first = driver.allocate(1000);
    long second = driver.allocate(24);
    assertEquals(1024, driver.allocatedBytes());
    driver.free(first);
    assertEquals(24, driver.allocatedBytes());
    MemorySegment pinned = driver.allocatePinned(100);
    assertEquals(100, pinned.byteSize());
    long stream = driver.createStream();
    long event = driver.createEvent();
    driver.beginCapture(stream);
    long graph = driver.endCapture(stream);
    assertEquals(5, driver.liveObjects());
    assertEquals(24, driver.allocatedBytes());
    driver.destroyGraph(graph);
    driver.destroyEvent(event);
    driver.destroyStream(stream);
    driver.freePinned(pinned);
    assertEquals(1, driver.liveObjects());
    driver.free(second);
  }

  private static void close(CudaDriver driver) {
    long stream = driver.createStream();
    driver.createEvent();
    driver.allocatePinned(64);
    long block = driver.allocate(64);
    driver.fill(block, (byte) 1, 64, stream);
    driver.beginCapture(stream);
    driver.endCapture(stream);
    driver.close();
    driver.close();
    assertThrows(IllegalStateException.class, () -> driver.allocate(1));
    assertThrows(IllegalStateException.class, () -> driver.free(block));
  }

  private static void threads(CudaDriver driver) {
    try (TestDevice device = new TestDevice(driver)) {
      float[] x = row(9);
      Norm norm = new Norm(device, x);
      CompletableFuture<?>[] others = new CompletableFuture<?>[3];
      for (int i = 0; i < others.length; i++) {
        float value = i;
        others[i] = CompletableFuture.runAsync(() -> {
          try (TestDevice own = new TestDevice(driver)) {
            for (int round = 0; round < 20; round++) {
              assertArrayEquals(new float[] {value, round}, own.readFloats(own.floats(value, round), 2));
            }
          }
        });
      }
      driver.launch(norm.launch(), device.stream);
      norm.assertDone(x);
      CompletableFuture.allOf(others).join();
    }
  }

  /** The message of a {@link CudaException} of this kind. */
  public static String failure(Kind kind, Executable call) {
    CudaException failure = assertThrows(CudaException.class, call);
    assertEquals(kind, failure.kind(), failure.getMessage());
    return failure.getMessage();
  }

  private static float[] row(int seed) {
    Random random = new Random(seed);
    float[] row = new float[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
      row[i] = (float) random.nextGaussian(seed, 2);
    }
    return row;
  }

  /** A kernel at work: LayerNorm of one row. */
  private static final class Norm {
    private final TestDevice device;
    private final long ones;
    private final long zeros;
    final long x;
    final long out;

    Norm(TestDevice device, float[] row) {
      this.device = device;
      float[] filled = new float[COLUMNS];
      Arrays.fill(filled, 1f);
      ones = device.floats(filled);
      zeros = device.floats(new float[COLUMNS]);
      x = device.floats(row);
      out = device.block(2L * COLUMNS);
    }

    KernelLaunch launch() {
      return device.layerNorm(x, ones, zeros, out, COLUMNS);
    }

    void assertDone(float[] row) {
      double mean = 0;
      for (float value : row) {
        mean += value / (double) COLUMNS;
      }
      double variance = 0;
      for (float value : row) {
        variance += (value - mean) * (value - mean) / COLUMNS;
      }
      float[] found = device.readHalves(out, COLUMNS);
      for (int i = 0; i < COLUMNS; i++) {
        // Values stay below 4, where float16 steps by 2^-9 at most.
        assertEquals((row[i] - mean) / Math.sqrt(variance + 1e-6), found[i], 0x1p-9, "column " + i);
      }
    }
  }
}
