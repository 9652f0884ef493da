package org.conceptclip.op;

import java.util.stream.Stream;
import org.conceptclip.backend.Backend;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/**
 * The contract of {@link Ops}, for every backend: a test class that extends this one and opens its backend has all cases.
 * Tolerances follow from the precision that the backend reports, see {@link Comparison}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class OpsContract {
  private Backend backend;

  /** The backend under test. Opened once a class, closed after it. */
  protected abstract Backend openBackend();

  /** How the device under test sums the products of matrix products. */
  protected ProductSums productSums() {
    return ProductSums.FLOAT32;
  }

  @BeforeAll
  void open() {
    backend = openBackend();
  }

  @AfterAll
  void close() {
    // Null where opening was refused: an assumption that does not hold on this machine, which is no failure.
    if (backend != null) {
      backend.close();
    }
  }

  @TestFactory
  Stream<DynamicTest> workspace() {
    return tests(WorkspaceCases.all());
  }

  @TestFactory
  Stream<DynamicTest> linear() {
    return tests(LinearCases.all());
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
    return tests(InvarianceCases.all());
  }

  private Stream<DynamicTest> tests(Stream<ContractCase> cases) {
    return cases.map(test -> DynamicTest.dynamicTest(test.name(), () -> test.run(backend, productSums())));
  }
}
