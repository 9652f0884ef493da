package org.conceptclip.weights;

import java.lang.foreign.Arena;
import org.conceptclip.tensor.HostTensor;

/** A loan whose memory belongs to an arena of its own. */
record ArenaLoan(HostTensor tensor, Arena arena) implements TensorLoan {
  @Override
  public void close() {
    arena.close();
  }
}
