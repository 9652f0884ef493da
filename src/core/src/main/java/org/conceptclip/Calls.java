package org.conceptclip;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.conceptclip.batch.BatcherClosedException;
import org.conceptclip.batch.Engine;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.text.TokenizedText;

/** Waits for futures on behalf of a caller and turns their failures, and interrupts, into exceptions. */
final class Calls {
  private static final long RETRY_NANOS = 10_000_000;

  private Calls() {}

  /** Submits a request; may wait for room. */
  interface Submission<A> {
    CompletableFuture<A> submit() throws InterruptedException;
  }

  /** Submits and waits for the result. */
  static <A> A call(Submission<A> submission) {
    return await(submit(submission));
  }

  /** Submits. */
  static <A> CompletableFuture<A> submit(Submission<A> submission) {
    try {
      return submission.submit();
    } catch (InterruptedException e) {
      throw interrupted(e);
    } catch (BatcherClosedException e) {
      throw new IllegalStateException("this ConceptClip is closed", e);
    }
  }

  /** Waits for the result. Throws the request's failure without a wrapper. An interrupt cancels the request. */
  static <A> A await(CompletableFuture<A> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      future.cancel(false);
      throw interrupted(e);
    } catch (ExecutionException e) {
      throw unchecked(e.getCause());
    }
  }

  /** Encodes texts, in their order, sharing batches and bounds with all other requests. */
  static List<Encoding> texts(Engine engine, List<TokenizedText> texts, Detail detail) {
    return Ordered.results(Ordered.stream(texts.stream(), text -> engine.submitTextWhenRoom(text, detail, RequestOptions.DEFAULT),
        Function.identity(), texts.size()));
  }

  /**
   * A future of {@code source}'s result, converted. Unlike that of {@link CompletableFuture#thenApply}, it cancels the source when it is
   * cancelled or times out, and fails with the source's failure without a wrapper. It ends when the source does, also if memory is short
   * then. If there is not even memory for this future, the source is cancelled.
   */
  static <A, R> CompletableFuture<R> map(CompletableFuture<A> source, Function<? super A, ? extends R> change) {
    try {
      CompletableFuture<R> changed = new CompletableFuture<>();
      changed.whenComplete((value, failure) -> source.cancel(false));
      source.whenComplete((value, failure) -> end(changed, value, failure, change));
      // Once more: the JVM may throw a thread out of the first one, with its handlers, if memory is short.
      source.whenComplete((value, failure) -> end(changed, value, failure, change));
      return changed;
    } catch (Throwable failure) {
      source.cancel(false);
      throw failure;
    }
  }

  private static <A, R> void end(CompletableFuture<R> changed, A value, Throwable failure, Function<? super A, ? extends R> change) {
    if (changed.isDone()) {
      return;
    }
    Throwable reason = failure;
    R result = null;
    if (reason == null) {
      try {
        result = change.apply(value);
      } catch (Throwable broken) { // the holder of the future must be told
        reason = broken;
      }
    }
    while (true) {
      try {
        if (reason == null) {
          changed.complete(result);
        } else {
          changed.completeExceptionally(reason);
        }
        return;
      } catch (Throwable shortage) {
        // Either the future could not be completed, or some of what was attached to it was not reached. Completing again does the rest.
        LockSupport.parkNanos(changed.isDone() ? 1 : RETRY_NANOS);
      }
    }
  }

  /** The failure, for a throw statement. Futures of this library fail with unchecked exceptions only. */
  static RuntimeException unchecked(Throwable failure) {
    return switch (failure) {
      case RuntimeException itself -> itself;
      case Error error -> throw error;
      default -> new CompletionException(failure);
    };
  }

  private static InterruptedCallException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    return new InterruptedCallException(cause);
  }
}
