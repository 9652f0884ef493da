package org.conceptclip.op;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The part of the contract of {@link Ops} that attention is in: for a backend that has several engines of it. */
public abstract class AttentionContract extends BackendContract {
  @TestFactory
  Stream<DynamicTest> attention() {
    return tests(AttentionCases.all());
  }

  @TestFactory
  Stream<DynamicTest> batchInvarianceOfAttention() {
    return tests(InvarianceCases.attention());
  }
}
