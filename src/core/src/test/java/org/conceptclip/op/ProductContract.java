package org.conceptclip.op;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The part of the contract of {@link Ops} that matrix products are in: for a backend that has several engines of them. Tolerances follow
 * from the precision that the backend reports, see {@link Comparison}.
 */
public abstract class ProductContract extends LinearAddNormContract {
  @TestFactory
  Stream<DynamicTest> linear() {
    return tests(LinearCases.all());
  }

  @TestFactory
  Stream<DynamicTest> batchInvarianceOfProducts() {
    return tests(InvarianceCases.narrowProducts());
  }
}
