package org.conceptclip.backend;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.ServiceLoader;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Tests that run kernels on the emulator of a CUDA device; skipped, with what is missing, on a machine that cannot build it. Continuous
 * integration (where {@code CI} is set) does not skip them: there a missing compiler has to fail the build.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@ExtendWith(OnEmulator.Buildable.class)
public @interface OnEmulator {

  /** Enables tests where the emulator is there or can be built. A build that fails is a failure, and no reason to skip. */
  final class Buildable implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      BackendProvider.Status status = ServiceLoader.load(BackendProvider.class).stream()
          .map(ServiceLoader.Provider::get)
          .filter(backend -> backend.name().equals("emulated"))
          .findFirst()
          .orElseThrow(() -> new IllegalStateException("the class path lacks conceptclip-cuda"))
          .probe(BackendRequest.DEFAULT);
      if (status.usable() || System.getenv("CI") != null) {
        return ConditionEvaluationResult.enabled("the emulator can be built, or its absence is a failure");
      }
      return ConditionEvaluationResult.disabled(status.detail());
    }
  }
}
