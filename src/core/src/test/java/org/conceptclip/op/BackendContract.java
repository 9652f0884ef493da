package org.conceptclip.op;

import java.util.stream.Stream;
import org.conceptclip.backend.Backend;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestInstance;

/** Runs cases of the op contract on one backend. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class BackendContract {
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

  final Stream<DynamicTest> tests(Stream<ContractCase> cases) {
    return cases.map(test -> DynamicTest.dynamicTest(test.name(), () -> test.run(backend, productSums())));
  }
}
