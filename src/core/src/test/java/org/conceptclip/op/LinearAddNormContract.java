package org.conceptclip.op;

import java.util.stream.Stream;
import org.conceptclip.backend.Backend;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/** The part of the contract of {@link Ops} that the type of the residual stream matters for. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class LinearAddNormContract {
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
  Stream<DynamicTest> linearAddNorm() {
    return tests(LinearAddNormCases.all());
  }

  final Stream<DynamicTest> tests(Stream<ContractCase> cases) {
    return cases.map(test -> DynamicTest.dynamicTest(test.name(), () -> test.run(backend, productSums())));
  }
}
