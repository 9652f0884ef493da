package org.conceptclip.op;

import java.util.stream.Stream;
import org.conceptclip.calibration.Calibration;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The part of the contract of {@link Ops} that is about codes of F8_E4M3, for backends that compute in fp8 on Hopper. */
public abstract class CodesContract extends BackendContract {
  /** What the backend under test must be opened with. */
  protected static Calibration calibration() {
    return CodesCases.calibration();
  }

  @TestFactory
  Stream<DynamicTest> codes() {
    return tests(CodesCases.all());
  }
}
