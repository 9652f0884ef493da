package org.conceptclip;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import org.conceptclip.batch.BatcherClosedException;
import org.conceptclip.batch.Engine;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.text.TokenizedText;

/** Waiting on behalf of a caller: what futures and interrupts become in calls that return values. */
final class Calls {
  private Calls() {}

  /** Hands a request in; may wait for room. */
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

  /** The result. What the request failed with is thrown as itself; an interrupt cancels the request. */
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
    List<CompletableFuture<Encoding>> futures = new ArrayList<>();
    try {
      for (TokenizedText text : texts) {
        futures.add(submit(() -> engine.submitTextWhenRoom(text, detail, RequestOptions.DEFAULT)));
      }
      return futures.stream().map(Calls::await).toList();
    } finally {
      futures.forEach(future -> future.cancel(false));
    }
  }

  /**
   * {@code source} with its result changed. Unlike {@link CompletableFuture#thenApply}: when this one ends otherwise, by a cancel or a
   * timeout of the caller's, the source is cancelled; and a failure is the source's own, in no wrapper.
   */
  static <A, R> CompletableFuture<R> map(CompletableFuture<A> source, Function<? super A, ? extends R> change) {
    CompletableFuture<R> changed = new CompletableFuture<>();
    source.whenComplete((value, failure) -> {
      if (failure != null) {
        changed.completeExceptionally(failure);
        return;
      }
      try {
        changed.complete(change.apply(value));
      } catch (Throwable broken) { // whoever holds the future must hear of it
        changed.completeExceptionally(broken);
      }
    });
    changed.whenComplete((value, failure) -> source.cancel(false));
    return changed;
  }

  /** The failure, to be thrown as it is. Futures of this library fail with unchecked exceptions only. */
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
