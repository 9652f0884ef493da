package org.conceptclip;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.conceptclip.batch.ReplicasLostException;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Streams of outcomes, with requests that end when the test says so. */
@Timeout(30)
class OrderedTest {
  private static final int WINDOW = 4;

  private final List<CompletableFuture<String>> submitted = new ArrayList<>();
  private final AtomicInteger read = new AtomicInteger();

  @Test
  void outcomesComeInTheOrderOfInputsAndReadingStaysAWindowAhead() {
    Iterator<Outcome<Integer, String>> outcomes = endless(this::pending).iterator();
    assertEquals(0, read.get());
    for (int taken = 0; taken < 3 * WINDOW; taken++) {
      // The one to be taken ends last of all that are under way.
      while (submitted.size() < taken + WINDOW) {
        submitted.add(new CompletableFuture<>());
      }
      for (int later = taken + WINDOW - 1; later >= taken; later--) {
        submitted.get(later).complete("r" + later);
      }
      assertEquals(new Outcome<>(taken, "R" + taken, null), outcomes.next());
      assertTrue(read.get() <= taken + 1 + WINDOW, read.get() + " inputs were read for " + (taken + 1) + " outcomes");
    }
  }

  @Test
  void aFailureIsTheOutcomeOfItsInputAlone() {
    BadInputException bad = new BadInputException("planted");
    BadInputException refused = new BadInputException("refused");
    List<Outcome<Integer, String>> outcomes = Ordered.<Integer, String, String>stream(Stream.of(0, 1, 2, 3), input -> switch (input) {
      case 1 -> CompletableFuture.failedFuture(bad);
      case 2 -> throw refused;
      default -> CompletableFuture.completedFuture("r" + input);
    }, String::toUpperCase, WINDOW).toList();
    assertEquals(
        List.of(Outcome.done(0, "R0"), Outcome.failed(1, bad), Outcome.failed(2, refused), Outcome.done(3, "R3")), outcomes);
  }

  @Test
  void closingEarlyCancelsWhatIsUnderWayAndClosesTheInputs() {
    AtomicInteger closed = new AtomicInteger();
    try (Stream<Outcome<Integer, String>> outcomes = Ordered.stream(
        inputs().onClose(closed::incrementAndGet), this::pending, String::toUpperCase, WINDOW)) {
      submitted.add(CompletableFuture.completedFuture("r"));
      assertEquals("R", outcomes.iterator().next().orThrow());
    }
    assertEquals(1, closed.get());
    assertFalse(submitted.getFirst().isCancelled());
    assertTrue(submitted.stream().skip(1).allMatch(CompletableFuture::isCancelled));
    assertEquals(read.get(), submitted.size());
  }

  @Test
  void aFailureOfTheInputsOrOfTheEngineEndsAllThatIsUnderWay() {
    IllegalStateException broken = new IllegalStateException("planted");
    Stream<Integer> inputs = Stream.of(0, 1, 2).peek(input -> {
      if (input == 2) {
        throw broken;
      }
    });
    Iterator<Outcome<Integer, String>> first = Ordered.stream(inputs, this::pending, String::toUpperCase, WINDOW).iterator();
    assertSame(broken, assertThrows(IllegalStateException.class, first::hasNext));
    assertTrue(submitted.stream().allMatch(CompletableFuture::isCancelled) && submitted.size() == 2);
    assertFalse(first.hasNext());

    submitted.clear();
    Iterator<Outcome<Integer, String>> second = Ordered.<Integer, String, String>stream(Stream.of(0, 1), input -> {
      if (input == 1) {
        throw new ReplicasLostException("planted", broken);
      }
      return pending(input);
    }, String::toUpperCase, WINDOW).iterator();
    assertThrows(ReplicasLostException.class, second::hasNext);
    assertTrue(submitted.getFirst().isCancelled());
  }

  @Test
  void anInterruptCancelsAllThatIsUnderWay() {
    Iterator<Outcome<Integer, String>> outcomes = endless(this::pending).iterator();
    Thread.currentThread().interrupt();
    assertThrows(InterruptedCallException.class, outcomes::next);
    assertTrue(Thread.interrupted(), "the interrupt was lost");
    assertTrue(submitted.stream().allMatch(CompletableFuture::isCancelled) && submitted.size() == WINDOW);
    assertFalse(outcomes.hasNext());
  }

  private CompletableFuture<String> pending(int input) {
    while (submitted.size() <= input) {
      submitted.add(new CompletableFuture<>());
    }
    return submitted.get(input);
  }

  private Stream<Outcome<Integer, String>> endless(Ordered.Submitter<Integer, String> submitter) {
    return Ordered.stream(inputs(), submitter, String::toUpperCase, WINDOW);
  }

  private Stream<Integer> inputs() {
    return IntStream.iterate(0, i -> i + 1).peek(i -> read.incrementAndGet()).boxed();
  }
}
