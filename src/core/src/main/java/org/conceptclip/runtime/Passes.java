package org.conceptclip.runtime;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.conceptclip.tensor.HostTensor;

/** One output of several passes, joined at the end. */
final class Passes {
  private final List<HostTensor> parts = new ArrayList<>();

  void add(HostTensor part) {
    parts.add(part);
  }

  /** All rows so far as one tensor of these extents. */
  HostTensor join(long... extents) {
    if (parts.size() == 1) {
      return parts.getFirst().reshape(extents);
    }
    HostTensor all = HostTensor.allocate(Arena.ofAuto(), parts.getFirst().dtype(), extents);
    HostTensor.gather(parts, all.data());
    return all;
  }

  /**
   * Overflow and broken weights end here, loudly: a NaN that reached an index would never be found again.
   *
   * @param kind what a row is, for the message
   * @param residualRanges see {@link org.conceptclip.backend.Backend#residualRanges}: says where it began, when recorded
   * @throws NonFiniteResultException if a value is NaN or infinite
   */
  void checkFinite(String kind, Map<String, Float> residualRanges) {
    long row = 0;
    for (HostTensor part : parts) {
      for (long i = 0; i < part.shape().elements(); i++) {
        if (!Double.isFinite(part.getDouble(i))) {
          throw new NonFiniteResultException(kind + " " + (row + i / part.columns()) + ": the model computed "
              + part.getDouble(i) + "; its weights or an activation are out of range at this precision"
              + began(residualRanges));
        }
      }
      row += part.rows();
    }
  }

  private static String began(Map<String, Float> residualRanges) {
    return residualRanges.entrySet().stream()
        .filter(entry -> !Float.isFinite(entry.getValue()))
        .findFirst()
        .map(entry -> "; the first residual sum that is not finite is the one in front of " + entry.getKey())
        .orElse("");
  }
}
