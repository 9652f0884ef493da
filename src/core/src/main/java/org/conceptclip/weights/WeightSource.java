package org.conceptclip.weights;

/**
 * The source of a model's weights, by canonical (open_clip) names: a safetensors checkpoint in any accepted naming, or generated
 * weights.
 *
 * <p>Thread-safe: a loader borrows several tensors at once.
 */
public interface WeightSource extends AutoCloseable {
  /** One line for users: the file, or how the weights were generated. */
  String description();

  /**
   * Borrows the tensor with this canonical name. It is in memory until the loan is closed.
   *
   * @throws IllegalArgumentException if there is no such tensor. Sources are checked against the model's layout when they are
   *     opened, so this is a programming error
   * @throws org.conceptclip.tensor.BadInputException if it cannot be read, for example because its file has changed since it was opened
   */
  TensorLoan borrow(String name);

  @Override
  void close();
}
