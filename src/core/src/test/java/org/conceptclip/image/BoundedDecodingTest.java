package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Hostile TIFF, BMP and WebP files: refused early, or decoded within the memory that was leased and with frequent questions to go on. */
@Timeout(120)
class BoundedDecodingTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final Map<String, HostileTiffBmpWebp.Case> CASES = HostileTiffBmpWebp.all();

  /** Processor time between two questions; a quarter of what callers are promised. */
  private static final long LONGEST_GAP_NANOS = 60_000_000;

  /** What a refusal, a message and the test's own objects take. */
  private static final long FREE_BYTES = 2 << 20;

  private final DecodeMemory memory = new DecodeMemory(168 << 20, 256 << 20);

  /** Libraries and classes that load once are no picture's cost. */
  @BeforeAll
  static void load() {
    BoundedDecodingTest warm = new BoundedDecodingTest();
    for (String file : List.of("grey_jpeg.tif", "lossy.webp", "lossless.webp", "rle8.bmp")) {
      warm.decode(ImageFixtures.bytes(file), DecodeCheckpoint.NONE, new Rows());
    }
  }

  @AfterEach
  void memoryIsBack() throws InterruptedException {
    for (int i = 0; LongCalls.running() > 0 && i < 3000; i++) {
      Thread.sleep(10);
    }
    assertEquals(0, LongCalls.running());
    assertEquals(0, memory.leasedHeapBytes());
    assertEquals(0, memory.leasedNativeBytes());
  }

  static Stream<String> names() {
    return CASES.keySet().stream();
  }

  @ParameterizedTest
  @MethodSource("names")
  void isRefusedOrDecodedWithinItsLease(String name) {
    HostileTiffBmpWebp.Case hostile = CASES.get(name);
    Watch watch = new Watch();
    long before = THREADS.getCurrentThreadAllocatedBytes();
    String refusal = null;
    Rows rows = new Rows();
    try {
      decode(hostile.file(), watch, rows);
    } catch (BadInputException e) {
      refusal = e.getMessage();
    }
    long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    watch.check();
    assertTrue(allocated < watch.leased + FREE_BYTES, allocated + " bytes allocated, " + watch.leased + " leased");
    assertTrue(watch.longest < LONGEST_GAP_NANOS, watch.longest + " ns of work between two checks");
    if (hostile.refusal() == null) {
      assertEquals(null, refusal);
      assertEquals(rows.height, rows.came);
    } else {
      assertTrue(refusal != null && refusal.startsWith("file: ") && refusal.contains(hostile.refusal()), refusal);
      assertEquals(1, refusal.lines().count(), refusal);
    }
  }

  /** Wherever the caller has had enough, the decoder passes on just that, and leaves nothing behind. */
  @ParameterizedTest
  @MethodSource("names")
  void stopsAtAnyCheck(String name) {
    if (CASES.get(name).refusal() != null) {
      return;
    }
    for (int after : new int[] {0, 1, 2, 5}) {
      Stop stop = new Stop();
      int[] left = {after};
      DecodeCheckpoint checkpoint = () -> {
        if (left[0]-- <= 0) {
          throw stop;
        }
      };
      Throwable thrown = null;
      try {
        decode(CASES.get(name).file(), checkpoint, new Rows());
      } catch (RuntimeException e) {
        thrown = e;
      }
      // Small pictures are done before they are asked that often.
      assertEquals(left[0] < 0 ? stop : null, thrown);
    }
  }

  /** The caller is free at once; the memory is free when libwebp is done. */
  @Test
  void leavesALossyPictureBehind() {
    byte[] file = HostileTiffBmpWebp.webp(HostileTiffBmpWebp.lossy(7000, 7000, 0));
    long[] stopped = {0};
    DecodeCheckpoint checkpoint = () -> {
      if (LongCalls.running() > 0) {
        assertTrue(memory.leasedNativeBytes() > 7000 * 7000 * 3);
        stopped[0] = System.nanoTime();
        throw new Stop();
      }
    };
    assertThrows(Stop.class, () -> decode(file, checkpoint, new Rows()));
    assertTrue(System.nanoTime() - stopped[0] < 250_000_000, "the caller waited for libwebp");
  }

  private void decode(byte[] file, DecodeCheckpoint checkpoint, RowSink sink) {
    DecodeLimits limits = DecodeLimits.DEFAULT.withMemory(memory);
    try (DecodeGate gate = new DecodeGate("file", limits, checkpoint)) {
      ImageSource source = ImageSource.of(file, file.length, "file", gate);
      switch (source.format()) {
        case TIFF -> TiffDecoder.decode(source, sink);
        case BMP -> BmpDecoder.decode(source, sink);
        case WEBP -> WebpDecoder.decode(source, sink);
        default -> throw new IllegalStateException(source.format().toString());
      }
    }
  }

  private static final class Stop extends RuntimeException {
    private static final long serialVersionUID = 1;

    Stop() {
      super("stop", null, false, false);
    }
  }

  /** Takes the time between checks, and what was leased. */
  private final class Watch implements DecodeCheckpoint {
    private long last = THREADS.getCurrentThreadCpuTime();
    private long longest;
    private long leased;

    @Override
    public void check() {
      long now = THREADS.getCurrentThreadCpuTime();
      longest = Math.max(longest, now - last);
      leased = Math.max(leased, memory.leasedHeapBytes());
      last = now;
    }
  }

  /** Counts rows. */
  private static final class Rows implements RowSink {
    private int height;
    private int came;

    @Override
    public void begin(int width, int rows, int channels) {
      height = rows;
    }

    @Override
    public void rows(MemorySegment rows, long from, int count) {
      came += count;
    }
  }
}
