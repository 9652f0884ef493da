package org.conceptclip.backend.cuda;

import org.conceptclip.util.Labelled;

/** How a product is computed. */
public enum ProductEngine implements Labelled {
  /** By cuBLASLt; GELU, or the sum of residual and update, is a pass of its own after it. */
  CUBLASLT,

  /** By a kernel of this project, which applies GELU to its sums; the sum of residual and update is a pass of its own. */
  OWN,

  /** As {@link #OWN}, and the residual is added to its sums before they are stored. For products in front of a norm alone. */
  OWN_SUM
}
