package org.conceptclip.op;

import java.util.Iterator;
import java.util.stream.Stream;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Precision;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The contract suite catches every planted mistake, in float64 and in float32; and its formulas are the official ones. */
class ContractSelfTest {
  @TestFactory
  Stream<DynamicTest> catches() {
    return Stream.of(Precision.FP64, Precision.FP32).flatMap(precision -> Faults.all()
        .map(fault -> DynamicTest.dynamicTest(precision.label() + ": " + fault, () -> mustFail(fault, precision))));
  }

  @Test
  void formulasAgreeWithTheOfficialCode() {
    GoldenCases.checkFormulas();
  }

  private static void mustFail(Faults.Fault fault, Precision precision) {
    try (Backend faulty = faulty(fault, precision)) {
      Iterator<ContractCase> cases = fault.cases().get().iterator();
      while (cases.hasNext()) {
        if (fails(cases.next(), faulty)) {
          return;
        }
      }
    }
    throw new AssertionError("no case caught the fault: " + fault);
  }

  private static boolean fails(ContractCase test, Backend backend) {
    try {
      test.run(backend, ProductSums.FLOAT32);
      return false;
    } catch (AssertionError caught) {
      return true;
    }
  }

  private static Backend faulty(Faults.Fault fault, Precision precision) {
    return new RoundingBackend(precision) {
      @Override
      protected Ops decorate(Ops ops) {
        return fault.ops().apply(ops);
      }

      @Override
      protected WeightStore decorate(WeightStore parameters) {
        return fault.parameters().apply(super.decorate(parameters));
      }
    };
  }
}
