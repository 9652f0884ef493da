package org.conceptclip.batch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the batcher decides, in chosen situations on a virtual clock. */
@Timeout(60)
class BatcherPoliciesTest {
  private static final long BATCH_NANOS = 1_000_000;
  private static final BatchLimits EIGHT = new BatchLimits(8, 8, false);
  private static final RequestOptions PLAIN = RequestOptions.DEFAULT;

  private final VirtualTiming timing = new VirtualTiming();
  private final List<List<Integer>> batches = new ArrayList<>();
  private int poison = -1;
  private int deadly = -1;

  /** Takes one millisecond a batch and answers each number with itself. */
  private final class Device implements Replica<String, Integer, Integer> {
    private final int lanes;
    private boolean gone;

    Device(int lanes) {
      this.lanes = lanes;
    }

    @Override
    public String name() {
      return "device";
    }

    @Override
    public int lanes() {
      return lanes;
    }

    @Override
    public void begin(Batch<String, Integer, Integer> batch) {
      batches.add(batch.payloads());
      assertFalse(gone, "a lost device got a batch");
      timing.schedule(timing.nanos() + BATCH_NANOS, () -> {
        if (batch.payloads().contains(deadly)) {
          gone = true;
          batch.lost(new IllegalStateException("gone"));
        } else if (batch.payloads().contains(poison)) {
          batch.failed(new IllegalArgumentException("poisoned"));
        } else {
          batch.done(batch.payloads());
        }
      });
    }
  }

  private Batcher<String, Integer, Integer> batcher(double queueBatches, int devices) {
    return batcher(queueBatches, devices, 1);
  }

  private Batcher<String, Integer, Integer> batcher(double queueBatches, int devices, int lanes) {
    return new Batcher<>(new BatcherOptions(Duration.ofNanos(BATCH_NANOS / 10), queueBatches), kind -> EIGHT,
        IntStream.range(0, devices).mapToObj(i -> new Device(lanes)).toList(), timing, Runnable::run, payload -> { },
        List.of());
  }

  private void runAll() {
    while (timing.runNext()) { }
  }

  private static Throwable failure(CompletableFuture<Integer> future) {
    return assertThrows(CompletionException.class, future::join).getCause();
  }

  @Test
  void underThreefoldOverloadTheAcceptedAreAnsweredInTimeAndTheDeviceStaysBusy() {
    Batcher<String, Integer, Integer> batcher = batcher(1, 1);
    SplittableRandom random = new SplittableRandom(1);
    List<Long> latencies = new ArrayList<>();
    int[] refused = new int[1];
    int requests = 30_000;
    double at = 0;
    for (int i = 0; i < requests; i++) {
      at += -Math.log(1 - random.nextDouble()) * BATCH_NANOS / 8 / 3;
      int number = i;
      timing.schedule((long) at, () -> {
        long submitted = timing.nanos();
        try {
          batcher.submit("kind", 1, PLAIN, number).thenAccept(answer -> latencies.add(timing.nanos() - submitted));
        } catch (OverloadedException e) {
          refused[0]++;
        }
      });
    }
    runAll();
    assertEquals(requests, latencies.size() + refused[0]);
    long[] sorted = latencies.stream().mapToLong(latency -> latency).sorted().toArray();
    long p99 = sorted[(int) (sorted.length * 0.99)];
    assertTrue(p99 <= BATCH_NANOS / 10 + 2 * BATCH_NANOS, "p99 of " + p99 + " ns");
    double busy = batches.size() * BATCH_NANOS / at;
    double fill = (double) sorted.length / batches.size() / 8;
    assertTrue(busy * fill > 0.99, "device " + busy + " busy with batches " + fill + " full");
  }

  @Test
  void theSecondLaneOfABusyDeviceTakesFullBatchesOnly() {
    Batcher<String, Integer, Integer> batcher = batcher(3, 1, 2);
    for (int i = 0; i < 11; i++) {
      batcher.submit("kind", 1, PLAIN, i);
    }
    timing.schedule(BATCH_NANOS / 2, () -> assertEquals(1, batches.size(), "three began beside a batch, after their wait"));
    timing.schedule(BATCH_NANOS + 1, () -> {
      assertEquals(List.of(8, 9, 10), batches.get(1), "what is left begins with the first batch's end");
      for (int i = 11; i < 19; i++) {
        batcher.submit("kind", 1, PLAIN, i);
      }
      assertEquals(3, batches.size(), "a full batch begins at once");
    });
    runAll();
    assertEquals(3, batches.size());
    batcher.close();
  }

  @Test
  void aCallerThatFloodsDoesNotLockOthersOut() {
    Batcher<String, Integer, Integer> batcher = batcher(2, 1);
    Map<String, Integer> answered = new HashMap<>();
    int[] refusedSmall = new int[1];
    for (int i = 0; i < 20_000; i++) {
      timing.schedule(i * BATCH_NANOS / 40, () -> count(batcher, "flood", answered, new int[1]));
    }
    // Three at a time, which is well below its even share of eight a batch.
    for (int i = 0; i < 500; i++) {
      for (int k = 0; k < 3; k++) {
        timing.schedule(i * BATCH_NANOS, () -> count(batcher, "small", answered, refusedSmall));
      }
    }
    runAll();
    assertEquals(0, refusedSmall[0]);
    assertEquals(1500, answered.get("small"));
    assertTrue(answered.get("flood") >= 4 * 500, answered.toString());
  }

  private void count(Batcher<String, Integer, Integer> batcher, String caller, Map<String, Integer> answered, int[] refused) {
    try {
      batcher.submit("kind", 1, PLAIN.withCaller(caller), 0).thenAccept(answer -> answered.merge(caller, 1, Integer::sum));
    } catch (OverloadedException e) {
      refused[0]++;
    }
  }

  @Test
  void callersShareADeviceEvenlyByCost() {
    FairQueue<PendingRequest<String, Integer, Integer>> queue = new FairQueue<>();
    Batcher<String, Integer, Integer> unused = batcher(1, 1);
    int[] costs = {1, 3, 7};
    for (int i = 0; i < 3000; i++) {
      int caller = i % 3;
      join(queue, new PendingRequest<>(unused, "kind", EIGHT, costs[caller], PLAIN.withCaller("caller " + caller), 0));
    }
    long[] served = new long[3];
    for (int i = 0; i < 1000; i++) {
      PendingRequest<String, Integer, Integer> request = queue.poll();
      served[Arrays.binarySearch(costs, request.cost)] += request.cost;
      long most = Arrays.stream(served).max().orElseThrow();
      long least = Arrays.stream(served).min().orElseThrow();
      assertTrue(most - least <= 2 * 7, "served " + Arrays.toString(served));
    }
  }

  private static <E extends FairQueue.Entry<E>> void join(FairQueue<E> queue, E entry) {
    queue.join(entry);
    queue.add(entry);
  }

  @Test
  void whoReturnsNeitherPaysForItsAbsenceNorSavesUp() {
    FairQueue<PendingRequest<String, Integer, Integer>> queue = new FairQueue<>();
    Batcher<String, Integer, Integer> unused = batcher(1, 1);
    for (int i = 0; i < 100; i++) {
      join(queue, new PendingRequest<>(unused, "kind", EIGHT, 1, PLAIN.withCaller("steady"), 0));
    }
    for (int i = 0; i < 50; i++) {
      queue.poll();
    }
    for (int i = 100; i < 110; i++) {
      join(queue, new PendingRequest<>(unused, "kind", EIGHT, 1, PLAIN.withCaller("late"), 0));
    }
    int late = 0;
    for (int i = 0; i < 10; i++) {
      late += queue.poll().caller.equals("late") ? 1 : 0;
    }
    assertEquals(5, late, 1);
  }

  @Test
  void whatIsUrgentGoesFirstAndIsNotKeptOutByWhatIsNot() {
    Batcher<String, Integer, Integer> batcher = batcher(1, 1);
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      batcher.submit("kind", 1, PLAIN.withPriority(Priority.BULK), i).thenAccept(order::add);
    }
    assertThrows(OverloadedException.class, () -> batcher.submit("kind", 1, PLAIN.withPriority(Priority.BULK), 100));
    batcher.submit("kind", 1, PLAIN, 200).thenAccept(order::add);
    batcher.submit("other kind", 1, PLAIN.withPriority(Priority.INTERACTIVE), 300).thenAccept(order::add);
    runAll();
    assertEquals(List.of(0, 1, 2, 3, 4, 5, 6, 7, 300, 200, 8, 9, 10, 11, 12, 13, 14, 15), order);
  }

  @Test
  void onePoisonedRequestFailsAloneAmongSixtyFour() {
    poison = 27;
    List<CompletableFuture<Integer>> futures = new ArrayList<>();
    Batcher<String, Integer, Integer> batcher = new Batcher<>(BatcherOptions.DEFAULT, kind -> new BatchLimits(64, 64, true),
        List.of(new Device(1)), timing, Runnable::run, payload -> { }, List.of());
    for (int i = 0; i < 64; i++) {
      futures.add(batcher.submit("kind", 1, PLAIN, i));
    }
    runAll();
    assertInstanceOf(IllegalArgumentException.class, failure(futures.get(27)));
    for (int i = 0; i < 64; i++) {
      assertTrue(i == 27 || futures.get(i).join() == i);
    }
    assertEquals(1 + 2 * 6, batches.size());
  }

  @Test
  void aRequestThatKillsDevicesIsStoppedAtTheSecond() {
    deadly = 3;
    Batcher<String, Integer, Integer> batcher = batcher(1, 3);
    List<CompletableFuture<Integer>> futures = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      futures.add(batcher.submit("kind", 1, PLAIN, i));
    }
    runAll();
    for (int i = 0; i < 8; i++) {
      if (i != 3) {
        assertEquals(i, futures.get(i).join());
      }
    }
    assertEquals("gone", failure(futures.get(3)).getMessage());
    assertEquals(1, batcher.snapshot().replicas());
    deadly = -1;
    CompletableFuture<Integer> next = batcher.submit("kind", 1, PLAIN, 9);
    runAll();
    assertEquals(9, next.join());
  }

  @Test
  void withoutAnyDeviceLeftEverythingFailsAndNothingIsTaken() {
    deadly = 0;
    Batcher<String, Integer, Integer> batcher = batcher(1, 1);
    List<CompletableFuture<Integer>> futures = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      futures.add(batcher.submit("kind", 1, PLAIN, i));
    }
    Admission<Integer, Integer> prepared = batcher.admit("kind", 1, PLAIN);
    runAll();
    assertEquals("gone", failure(futures.getFirst()).getMessage());
    assertInstanceOf(ReplicasLostException.class, failure(futures.getLast()));
    assertInstanceOf(ReplicasLostException.class, failure(prepared.future()));
    prepared.ready(1);
    assertThrows(ReplicasLostException.class, () -> batcher.submit("kind", 1, PLAIN, 1));
    batcher.close();
    assertTrue(batcher.isDrained());
  }

  @Test
  void cancelledRequestsLeaveTheirPlaceAtOnce() {
    Batcher<String, Integer, Integer> batcher = batcher(1, 1);
    for (int i = 0; i < 8; i++) {
      batcher.submit("kind", 1, PLAIN, i);
    }
    for (int i = 0; i < 100_000; i++) {
      assertTrue(batcher.submit("kind", 1, PLAIN, 1000 + i).cancel(false));
    }
    assertEquals(0, batcher.snapshot().ready());
    runAll();
    assertEquals(1, batches.size());
  }

  @Test
  void aReplicaThatGivesTooFewResultsFailsItsBatch() {
    Replica<String, Integer, Integer> forgetful = new Replica<>() {
      @Override
      public String name() {
        return "forgetful";
      }

      @Override
      public int lanes() {
        return 1;
      }

      @Override
      public void begin(Batch<String, Integer, Integer> batch) {
        timing.schedule(timing.nanos() + 1, () -> batch.done(List.of()));
      }
    };
    Batcher<String, Integer, Integer> batcher = new Batcher<>(BatcherOptions.DEFAULT, kind -> EIGHT, List.of(forgetful), timing,
        Runnable::run, payload -> { }, List.of());
    CompletableFuture<Integer> future = batcher.submit("kind", 1, PLAIN, 1);
    runAll();
    assertEquals("replica forgetful gave 0 results for a batch of 1", failure(future).getMessage());
  }
}
