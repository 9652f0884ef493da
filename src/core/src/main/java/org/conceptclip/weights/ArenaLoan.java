package org.conceptclip.weights;

import java.lang.foreign.Arena;
import org.conceptclip.tensor.HostTensor;

/** A loan that owns the arena of its tensor. */
record ArenaLoan(HostTensor tensor, Arena arena) implements TensorLoan {
  @Override
  public void close() {
    arena.close();
  }
}
