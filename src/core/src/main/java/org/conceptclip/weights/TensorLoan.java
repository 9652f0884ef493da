package org.conceptclip.weights;

import org.conceptclip.tensor.HostTensor;

/** A tensor that is mapped or generated for a short time. Closing the loan frees its memory. */
public interface TensorLoan extends AutoCloseable {
  /** The tensor. It must not be used after the loan is closed. */
  HostTensor tensor();

  @Override
  void close();
}
