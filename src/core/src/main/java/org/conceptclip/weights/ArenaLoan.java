package org.conceptclip.weights;

import java.lang.foreign.Arena;
import org.conceptclip.tensor.HostTensor;

/** A loan that owns the arena of its tensor. */
record ArenaLoan(HostTensor tensor, Arena arena) implements TensorLoan {
  /** Makes a tensor in an arena. */
  interface Maker<E extends Exception> {
    HostTensor make(Arena arena) throws E;
  }

  /** Lends what is made in a new arena, which is closed if making it fails. */
  static <E extends Exception> ArenaLoan of(Maker<E> maker) throws E {
    Arena arena = Arena.ofShared();
    try {
      return new ArenaLoan(maker.make(arena), arena);
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
