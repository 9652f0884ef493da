package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;

/** What the gate refuses, in which words, and whose exceptions pass it. */
class DecodeGateTest {
  private final DecodeMemory memory = new DecodeMemory(64 << 20, 64 << 20);
  private final DecodeLimits limits = DecodeLimits.DEFAULT.withMemory(memory);

  private static String refusal(Runnable call) {
    return assertThrows(BadInputException.class, call::run).getMessage();
  }

  @Test
  void refusesWhatTheBytesCannotCarry() {
    try (DecodeGate gate = new DecodeGate("a.png", limits, DecodeCheckpoint.NONE)) {
      gate.checkCarried(7, 7, "pixels");
      assertEquals("a.png: header announces 8 pixels, but its data can hold at most 7; expected a complete image (truncated, or a"
          + " decompression bomb?)", refusal(() -> gate.checkCarried(8, 7, "pixels")));
    }
  }

  @Test
  void refusesWhatTheBudgetNeverHas() {
    try (DecodeGate gate = new DecodeGate("a.png", limits, DecodeCheckpoint.NONE)) {
      gate.leadsTo(new RgbCollector());
      gate.checkSize(5000, 4000);
      assertEquals("a.png: needs about 61 MB of heap and 1 MB of native memory to decode 5000x4000 pixels, expected at most 41 and 58;"
          + " raise -Xmx or the memory for decoding (--decode-memory), or lower --max-pixels", refusal(() -> gate.enter(1_000_000, 1, 1)));
      assertEquals(0, memory.leasedHeapBytes());
    }
  }

  /** The largest of all pictures in a file counts for the sink. */
  @Test
  void leasesForDecoderAndSink() {
    try (DecodeGate gate = new DecodeGate("a.png", limits, DecodeCheckpoint.NONE)) {
      gate.leadsTo(new RgbCollector());
      gate.checkSize(1000, 1000);
      gate.checkSize(10, 10);
      gate.enter(5, 7, 1);
      assertEquals(3_000_005, memory.leasedHeapBytes());
      assertEquals(7, memory.leasedNativeBytes());
      assertThrows(IllegalStateException.class, () -> gate.enter(5, 7, 1));
      gate.enterAgain(6, 8, 1);
      assertEquals(3_000_006, memory.leasedHeapBytes());
    }
    assertEquals(0, memory.leasedHeapBytes());
    assertEquals(0, memory.leasedNativeBytes());
  }

  @Test
  void beginsOnceBeforeItLeases() {
    List<Long> begun = new ArrayList<>();
    DecodeCheckpoint checkpoint = new DecodeCheckpoint() {
      @Override
      public void check() {}

      @Override
      public void begin(long nanos) {
        assertEquals(0, memory.leasedHeapBytes());
        begun.add(nanos);
      }
    };
    try (DecodeGate gate = new DecodeGate("a", limits, checkpoint)) {
      gate.enter(1, 1, 42);
      gate.enterAgain(1, 1, 43);
    }
    assertEquals(List.of(42L), begun);
  }

  @Test
  void remembersWhatStoppedIt() {
    Error stop = new AssertionError("stop");
    try (DecodeGate gate = new DecodeGate("a", limits, () -> {
      throw stop;
    })) {
      gate.rethrowStop();
      assertSame(stop, assertThrows(AssertionError.class, gate::check));
      assertSame(stop, assertThrows(AssertionError.class, gate::rethrowStop));
    }
  }

  /** A picture is not refused for the time that others take. */
  @Test
  void waitingForMemoryDoesNotCountAsTime() {
    LeaseQueue.Lease others = memory.lease(40_000_000, 0, DecodeCheckpoint.NONE);
    long release = System.nanoTime() + 300_000_000;
    boolean[] released = new boolean[1];
    DecodeCheckpoint checkpoint = () -> {
      if (!released[0] && System.nanoTime() > release) {
        released[0] = true;
        others.close();
      }
    };
    try (DecodeGate gate = new DecodeGate("a", limits.withTimeLimit(Duration.ofMillis(250)), checkpoint)) {
      gate.enter(40_000_000, 0, 1);
      gate.check();
      assertTrue(released[0], "it did not wait");
    }
  }

  @Test
  void anyDurationIsATimeLimit() {
    for (Duration limit : List.of(
        Duration.ofDays(200_000), Duration.ofSeconds(Long.MAX_VALUE, 999_999_999), Duration.ofNanos(Long.MAX_VALUE))) {
      try (DecodeGate gate = new DecodeGate("a", limits.withTimeLimit(limit), DecodeCheckpoint.NONE)) {
        gate.check();
      }
    }
    try (DecodeGate gate = new DecodeGate("a", limits.withTimeLimit(Duration.ofNanos(1)), DecodeCheckpoint.NONE)) {
      assertTrue(refusal(gate::check).startsWith("a: decoding took longer than 0.0 s, the limit for one image; "));
    }
    assertThrows(IllegalArgumentException.class, () -> limits.withTimeLimit(Duration.ZERO));
    assertThrows(IllegalArgumentException.class, () -> limits.withTimeLimit(Duration.ofSeconds(-1)));
    assertEquals(Duration.ofMinutes(1), DecodeLimits.DEFAULT.timeLimit());
  }
}
