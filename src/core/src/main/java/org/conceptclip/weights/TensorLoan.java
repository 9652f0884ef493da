package org.conceptclip.weights;

import org.conceptclip.tensor.HostTensor;

/** A tensor that is mapped or generated for a moment. Closing the loan takes its memory back. */
public interface TensorLoan extends AutoCloseable {
  /** The tensor; dead once the loan is closed. */
  HostTensor tensor();

  @Override
  void close();
}
