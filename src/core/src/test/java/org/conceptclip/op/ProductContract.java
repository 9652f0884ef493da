package org.conceptclip.op;

import java.util.stream.Stream;
import org.conceptclip.backend.Backend;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/**
 * The part of the contract of {@link Ops} that matrix products are in: for a backend that has several engines of them. Tolerances follow
 * from the precision that the backend reports, see {@link Comparison}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class ProductContract {
  private Backend backend;

  /** The backend under test. Opened once a class, closed after it. */
  protected abstract Backend openBackend();

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
  Stream<DynamicTest> linear() {
    return tests(LinearCases.all());
  }

  @TestFactory
  Stream<DynamicTest> linearAddNorm() {
    return tests(LinearAddNormCases.all());
  }

  @TestFactory
  Stream<DynamicTest> batchInvarianceOfProducts() {
    return tests(InvarianceCases.products());
  }

  final Stream<DynamicTest> tests(Stream<ContractCase> cases) {
    return cases.map(test -> DynamicTest.dynamicTest(test.name(), () -> test.run(backend)));
  }
}
