package org.conceptclip.op;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The part of the contract of {@link Ops} that the type of the residual stream matters for. */
public abstract class LinearAddNormContract extends BackendContract {
  @TestFactory
  Stream<DynamicTest> linearAddNorm() {
    return tests(LinearAddNormCases.all());
  }
}
