package org.conceptclip.op;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The contract of {@link Ops}, for every backend: a test class that extends this one and opens its backend has all cases.
 * Tolerances follow from the precision that the backend reports, see {@link Comparison}.
 */
public abstract class OpsContract extends ProductContract {
  @TestFactory
  Stream<DynamicTest> workspace() {
    return tests(WorkspaceCases.all());
  }

  @TestFactory
  Stream<DynamicTest> norm() {
    return tests(NormCases.all());
  }

  @TestFactory
  Stream<DynamicTest> attention() {
    return tests(AttentionCases.all());
  }

  @TestFactory
  Stream<DynamicTest> pool() {
    return tests(PoolCases.all());
  }

  @TestFactory
  Stream<DynamicTest> embedding() {
    return tests(EmbeddingCases.all());
  }

  @TestFactory
  Stream<DynamicTest> similarity() {
    return tests(SimilarityCases.all());
  }

  @TestFactory
  Stream<DynamicTest> golden() {
    return tests(GoldenCases.all());
  }

  @TestFactory
  Stream<DynamicTest> batchInvariance() {
    return tests(InvarianceCases.others());
  }
}
