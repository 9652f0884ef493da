package org.conceptclip.backend.cuda;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** How a product is computed. */
public enum ProductEngine {
  /** By cuBLASLt; GELU, or the sum of residual and update, is a pass of its own after it. */
  CUBLASLT,

  /** By a kernel of this project, which applies GELU to its sums; the sum of residual and update is a pass of its own. */
  OWN,

  /** As {@link #OWN}, and the residual is added to its sums before they are stored. For products in front of a norm alone. */
  OWN_SUM;

  /** As in a tuning table: {@code cublaslt}, {@code own}, {@code own-sum}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** By its label. */
  static Optional<ProductEngine> labelled(String label) {
    return Arrays.stream(values()).filter(engine -> engine.label().equals(label)).findFirst();
  }
}
