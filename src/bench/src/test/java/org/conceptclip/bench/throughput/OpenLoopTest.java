package org.conceptclip.bench.throughput;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntFunction;
import org.conceptclip.batch.OverloadedException;
import org.conceptclip.bench.ContestantFailedException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class OpenLoopTest {
  private static final long SECOND = 1_000_000_000L;

  /** Time that passes only when somebody sleeps or works. */
  private static final class VirtualClock implements OpenLoop.Clock {
    private long now = 5 * SECOND;

    @Override
    public long nanos() {
      return now;
    }

    @Override
    public void sleepUntil(long nanos) {
      now = Math.max(now, nanos);
    }
  }

  private final VirtualClock clock = new VirtualClock();
  private final long[] everySecond = {0, SECOND, 2 * SECOND, 3 * SECOND};

  private OpenLoop.Outcome run(IntFunction<CompletableFuture<?>> service) {
    return OpenLoop.run(service, clock, everySecond, 1);
  }

  @Test
  void requestsComeWhenTheyAreDueWhetherOrNotOthersWereAnswered() {
    List<CompletableFuture<String>> open = new ArrayList<>();
    List<Long> moments = new ArrayList<>();
    OpenLoop.Outcome outcome = run(index -> {
      moments.add(clock.now - 5 * SECOND);
      CompletableFuture<String> future = new CompletableFuture<>();
      open.add(future);
      if (index == 3) {
        clock.now += SECOND / 2;
        open.forEach(each -> each.complete("answer"));
      }
      return future;
    });
    assertEquals(List.of(0L, SECOND, 2 * SECOND, 3 * SECOND), moments);
    assertEquals(4, outcome.accepted());
    assertEquals(3.5 * SECOND, outcome.latency().nanos(1));
    assertEquals(0.5 * SECOND, outcome.latency().nanos(0));
    assertEquals(0, outcome.lateness().nanos(1));
  }

  @Test
  void aStallIsHeldAgainstEveryRequestThatWasDueMeanwhile() {
    OpenLoop.Outcome outcome = run(index -> {
      clock.now += index == 0 ? 10 * SECOND : 0;
      return CompletableFuture.completedFuture("answer");
    });
    // Counted from submission, three of four would have taken no time at all.
    assertEquals(10 * SECOND, outcome.latency().nanos(1));
    assertEquals(7 * SECOND, outcome.latency().nanos(0), "the last was due at 3 s and asked at 10 s");
    assertEquals(9 * SECOND, outcome.lateness().nanos(1));
  }

  @Test
  void refusalsAreCountedAndTimedAndHaveNoLatency() {
    OpenLoop.Outcome outcome = run(index -> {
      if (index % 2 == 1) {
        clock.now += 1000 * index;
        throw new OverloadedException("full");
      }
      return CompletableFuture.completedFuture("answer");
    });
    assertEquals(4, outcome.offered());
    assertEquals(2, outcome.accepted());
    assertEquals(2, outcome.refused());
    assertEquals(3000, outcome.refusal().nanos(1));
    assertEquals(2, outcome.latency().count());
  }

  @Test
  void failuresAreNoAnswers() {
    IllegalStateException broken = new IllegalStateException("broken");
    OpenLoop.Outcome outcome =
        run(index -> index == 2 ? CompletableFuture.failedFuture(broken) : CompletableFuture.completedFuture("answer"));
    assertEquals(1, outcome.failed());
    assertEquals(broken, outcome.firstFailureOrNull());
    assertEquals(3, outcome.latency().count());
    assertEquals(4, outcome.accepted());
  }

  @Test
  void whoNeverAnswersEndsTheRun() {
    ContestantFailedException failure = assertThrows(
        ContestantFailedException.class, () -> OpenLoop.run(index -> new CompletableFuture<>(), clock, everySecond, 0.01));
    assertTrue(failure.getMessage().startsWith("4 requests not answered"), failure.getMessage());
  }

  @Test
  void theSystemClockKeepsTheRate() {
    OpenLoop.Outcome outcome = OpenLoop.run(
        index -> CompletableFuture.completedFuture("answer"), OpenLoop.Clock.SYSTEM, OpenLoop.arrivals(2000, 0.25, 3), 1);
    assertEquals(500, outcome.offered(), 100);
    assertTrue(outcome.seconds() >= 0.2 && outcome.latency().nanos(0) >= 0, outcome::toString);
  }
}
