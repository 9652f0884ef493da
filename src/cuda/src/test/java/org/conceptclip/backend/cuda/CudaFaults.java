package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.ForwardingDriver.Call;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every call to the device fails once, in turn: who called learns it, nothing leaks, and the next call works unless the device is lost. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class CudaFaults {
  private static final int IMAGES = 4;

  /** Work that is run directly, then captured, then launched as a graph. */
  private static final int ROUNDS = 3;

  private float[] expected;

  /** What is done while calls fail. */
  private interface Work {
    float[] results(Encoder encoder);
  }

  /** A device that works. */
  abstract CudaDriver device();

  /** Of so many calls one is made to fail: 1 for all of them. */
  abstract int stride();

  CudaOptions options() {
    return CudaOptions.defaults();
  }

  @BeforeAll
  void withoutFaults() {
    try (CudaBackend backend = new CudaBackend("test", device(), options());
        Encoder encoder = SmallModel.load(backend, notice -> {})) {
      expected = work(encoder);
    }
  }

  private static float[] work(Encoder encoder) {
    List<float[]> results = new ArrayList<>();
    results.add(encoder.encodeImages(SmallModel.images(IMAGES), Detail.TOKENS).tokenFeatures().toFloatArray());
    results.add(encoder.encodeTexts(SmallModel.texts(), Detail.FEATURES).features().toFloatArray());
    float[] all = new float[results.stream().mapToInt(part -> part.length).sum()];
    int at = 0;
    for (float[] part : results) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void everyCallFailsOnce(Kind kind) {
    long call = 1;
    while (failing(new FailingDriver(device(), kind, call), kind, call, ROUNDS + 1, CudaFaults::work)) {
      call += stride();
    }
    assertTrue(call > 100, "only " + call + " calls were counted");
  }

  /** Two lanes at once, where one awaits the other's computing. */
  @ParameterizedTest
  @EnumSource(Kind.class)
  void everyStepOfTwoLanesFailsOnce(Kind kind) {
    Set<Call> steps = EnumSet.of(
        Call.CREATE_STREAM, Call.CREATE_EVENT, Call.RECORD, Call.AWAIT, Call.LAUNCH_GRAPH, Call.SYNCHRONIZE, Call.DESTROY_EVENT);
    Work onTwoLanes = encoder -> {
      encoder.warmUp(List.of(2), 0);
      return work(encoder);
    };
    long call = 1;
    while (failing(new FailingDriver(device(), kind, call, steps), kind, call, 2, onTwoLanes)) {
      call += stride();
    }
    assertTrue(call > 20, "only " + call + " calls were counted");
  }

  /** Whether the call came at all. */
  private boolean failing(FailingDriver driver, Kind kind, long call, int rounds, Work work) {
    String which = kind + " at call " + call + ": ";
    List<DeviceException> failures = new ArrayList<>();
    List<String> notices = new ArrayList<>();
    CudaBackend backend = new CudaBackend("test", driver, options());
    try (backend; Encoder encoder = loaded(backend, notices, failures, which)) {
      for (int round = 0; encoder != null && round < rounds; round++) {
        try {
          assertArrayEquals(expected, work.results(encoder), which + "results of round " + round);
          assertTrue(kind != Kind.LOST || driver.planted() == null, which + "a lost device computes");
        } catch (DeviceException failure) {
          failures.add(failure);
        }
      }
    } catch (DeviceException failure) {
      failures.add(failure);
    }
    assertEquals(0, driver.bytesAtClose(), which + "bytes at close");
    assertEquals(0, driver.objectsAtClose(), which + "objects at close");
    if (driver.planted() == null) {
      assertEquals(List.of(), failures);
      return false;
    }
    checkReported(kind, which, driver, failures, notices);
    return true;
  }

  private static Encoder loaded(
      CudaBackend backend, List<String> notices, List<DeviceException> failures, String which) {
    try {
      return SmallModel.load(backend, notices::add);
    } catch (DeviceException failure) {
      failures.add(failure);
      return null;
    } catch (RuntimeException failure) {
      // Parts are prepared on other threads, whose failures come wrapped.
      assertTrue(failure.getCause() instanceof DeviceException, () -> which + failure);
      failures.add((DeviceException) failure.getCause());
      return null;
    }
  }

  private static void checkReported(
      Kind kind, String which, FailingDriver driver, List<DeviceException> failures, List<String> notices) {
    if (failures.isEmpty()) {
      // Smaller passes are an answer to missing memory; one block instead of many is a wish.
      assertEquals(Kind.MEMORY, kind, which + "nobody was told");
      return;
    }
    assertSame(driver.planted(), root(failures.getFirst()), which + "the first failure is another");
    assertEquals(kind, failures.getFirst().kind(), which + "kind");
    if (kind != Kind.LOST) {
      assertEquals(1, failures.size(), which + "failures after the first: " + failures);
    }
  }

  private static Throwable root(Throwable failure) {
    return failure.getCause() == null ? failure : root(failure.getCause());
  }

  @Test
  void lostDeviceFailsFastWithTheFirstCause() {
    try (CudaBackend backend = new CudaBackend("test", new FailingDriver(device(), Kind.LOST, 300), options());
        Encoder encoder = SmallModel.load(backend, notice -> {})) {
      DeviceException first = null;
      while (first == null) {
        try {
          work(encoder);
        } catch (DeviceException e) {
          first = e;
        }
      }
      DeviceException second = assertThrows(DeviceException.class, () -> work(encoder));
      assertEquals(Kind.LOST, second.kind());
      assertTrue(second.getMessage().contains("lost earlier: ") && second.getMessage().contains("PLANTED"), second.getMessage());
      assertSame(root(first), root(second));
    }
  }
}
