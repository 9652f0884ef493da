package org.conceptclip.weights;

/**
 * Where a model's weights come from, under canonical (open_clip) names: a safetensors checkpoint of any accepted naming, or
 * the synthetic recipe.
 *
 * <p>Thread-safe: a loader borrows several tensors at once.
 */
public interface WeightSource extends AutoCloseable {
  /** One line for people: the file, or the recipe. */
  String description();

  /**
   * The tensor with this canonical name, in memory until the loan is closed.
   *
   * @throws IllegalArgumentException if there is none: sources are checked against the model's layout when they are opened
   */
  TensorLoan borrow(String name);

  @Override
  void close();
}
