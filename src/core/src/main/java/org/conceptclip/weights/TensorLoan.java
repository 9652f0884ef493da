package org.conceptclip.weights;

import java.lang.foreign.Arena;
import org.conceptclip.tensor.HostTensor;

/**
 * A tensor that is read or generated for a short time. Closing the loan frees its memory; any thread may close it.
 *
 * @param tensor must not be used after the loan is closed
 * @param arena owns the tensor's memory; the loan closes it
 */
public record TensorLoan(HostTensor tensor, Arena arena) implements AutoCloseable {
  /** Makes a tensor in an arena. */
  public interface Maker<E extends Exception> {
    /** The tensor, whose memory belongs to {@code arena} or is on the heap. */
    HostTensor make(Arena arena) throws E;
  }

  /** Lends what is made in a new arena, which is closed if making it fails. */
  public static <E extends Exception> TensorLoan of(Maker<E> maker) throws E {
    Arena arena = Arena.ofShared();
    try {
      return new TensorLoan(maker.make(arena), arena);
    } catch (Throwable failure) {
      arena.close();
      throw failure;
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
