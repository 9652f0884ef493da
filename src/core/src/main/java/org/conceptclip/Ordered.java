package org.conceptclip;

import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.conceptclip.batch.DeadlineExceededException;
import org.conceptclip.tensor.BadInputException;

/**
 * Outcomes of an unbounded sequence of inputs, in their order. Just as many requests are under way as keep the devices full. The thread
 * that takes outcomes also reads inputs and submits them, so inputs are read only as fast as outcomes are taken.
 *
 * <p>Not thread-safe. Closing it cancels the requests under way.
 */
final class Ordered<T, A, R> implements Iterator<Outcome<T, R>>, AutoCloseable {
  private final Iterator<? extends T> inputs;
  private final Submitter<T, A> submitter;
  private final Function<? super A, ? extends R> result;
  private final int window;
  /** A linked list, because an array that cannot grow for lack of memory may lose what it holds. */
  private final Deque<UnderWay<T, A>> underWay = new LinkedList<>();
  private boolean closed;

  /** Submits an input; waits for room. */
  interface Submitter<T, A> {
    CompletableFuture<A> submit(T input) throws InterruptedException;
  }

  private record UnderWay<T, A>(T input, CompletableFuture<A> future) {}

  /**
   * @param result converts an answer; called on the thread that takes outcomes
   * @param window most requests that are under way, or have ended and were not taken
   */
  Ordered(Iterator<? extends T> inputs, Submitter<T, A> submitter, Function<? super A, ? extends R> result, int window) {
    this.inputs = inputs;
    this.submitter = submitter;
    this.result = result;
    this.window = window;
  }

  /** A stream of outcomes; closing it closes the inputs as well. */
  static <T, A, R> Stream<Outcome<T, R>> stream(
      Stream<? extends T> inputs, Submitter<T, A> submitter, Function<? super A, ? extends R> result, int window) {
    Ordered<T, A, R> outcomes = new Ordered<>(inputs.iterator(), submitter, result, window);
    int traits = Spliterator.ORDERED | Spliterator.NONNULL;
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(outcomes, traits), false)
        .onClose(outcomes::close)
        .onClose(inputs::close);
  }

  /** All results, in their order. Throws the first failure and cancels the other requests. */
  static <T, R> List<R> results(Stream<Outcome<T, R>> outcomes) {
    List<R> results = new ArrayList<>();
    try (outcomes) {
      outcomes.forEachOrdered(outcome -> results.add(outcome.orThrow()));
    }
    return results;
  }

  @Override
  public boolean hasNext() {
    try {
      while (!closed && underWay.size() < window && inputs.hasNext()) {
        submit(inputs.next());
      }
    } catch (Throwable failure) { // of the inputs, of a closed engine or of an interrupt: the stream cannot continue
      close();
      throw failure;
    }
    return !underWay.isEmpty();
  }

  private void submit(T input) {
    CompletableFuture<A> future;
    try {
      future = Calls.submit(() -> submitter.submit(input));
    } catch (BadInputException | DeadlineExceededException e) {
      future = CompletableFuture.failedFuture(e);
    }
    try {
      underWay.add(new UnderWay<>(input, future));
    } catch (Throwable shortage) {
      future.cancel(false);
      throw shortage;
    }
  }

  @Override
  public Outcome<T, R> next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    UnderWay<T, A> first = underWay.remove();
    A answer;
    try {
      answer = Calls.await(first.future());
    } catch (InterruptedCallException e) {
      close();
      throw e;
    } catch (RuntimeException | Error failure) {
      return Outcome.failed(first.input(), failure);
    }
    return Outcome.done(first.input(), result.apply(answer));
  }

  @Override
  public void close() {
    closed = true;
    underWay.forEach(request -> request.future().cancel(false));
    underWay.clear();
  }
}
