package org.conceptclip.backend.cuda;

import java.util.Optional;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedCudaDriver;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;
import org.conceptclip.backend.cuda.driver.nvidia.CudaLibraries;
import org.conceptclip.backend.cuda.driver.nvidia.NvidiaCudaDriver;
import org.conceptclip.tensor.DType;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The device that {@link OnGpu} tests run on: the first real one, or the emulator with {@code -Dconceptclip.gpu.tests=emulated},
 * which proves the tests themselves where there is no GPU.
 */
public final class GpuUnderTest {
  private static final String PROPERTY = "conceptclip.gpu.tests";

  private GpuUnderTest() {}

  /** A new driver of the device. The caller closes it. */
  public static CudaDriver openDriver() {
    return emulated()
        ? EmulatedCudaDriver.open(EmulatedDevice.ofCapability(90), System.err::println)
        : NvidiaCudaDriver.open(0, Optional.empty(), System.err::println);
  }

  /** A new backend of the device, with the residual stream in float32. The caller closes it. */
  public static Backend openBackend() {
    return openBackend(DType.F32);
  }

  /** A new backend of the device. The caller closes it. */
  public static Backend openBackend(DType residual) {
    return openBackend(CudaOptions.defaults().withResidualType(residual));
  }

  /** A new backend of the device. The caller closes it. */
  static Backend openBackend(CudaOptions options) {
    return new CudaBackend(emulated() ? "emulated" : "cuda", openDriver(), options);
  }

  /** Compute capability of the device: 90 for 9.0. */
  static int capability() {
    try (CudaDriver driver = openDriver()) {
      return driver.device().capability();
    }
  }

  /** Skips a test on another device than one of compute capability 9.0, which alone computes in fp8. */
  static void assumeHopper() {
    Assumptions.assumeTrue(capability() == 90, "fp8 needs compute capability 9.0");
  }

  static boolean emulated() {
    return switch (System.getProperty(PROPERTY, "cuda")) {
      case "cuda" -> false;
      case "emulated" -> true;
      default -> throw new IllegalArgumentException(
          "-D" + PROPERTY + "=" + System.getProperty(PROPERTY) + ": expected cuda or emulated");
    };
  }

  /** Enables tests where the device can be opened. */
  static final class Usable implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      // The cheap look first: it answers on machines without a driver before any binding is loaded.
      Optional<String> absence = emulated() ? Optional.empty() : CudaLibraries.find(Optional.empty()).absence();
      return absence.map(reason -> ConditionEvaluationResult.disabled("no usable GPU: " + reason)).orElseGet(Opening::result);
    }
  }

  /** Whether the device opens; tried once a JVM, at the first question. */
  private static final class Opening {
    private static final ConditionEvaluationResult RESULT = open();

    static ConditionEvaluationResult result() {
      return RESULT;
    }

    private static ConditionEvaluationResult open() {
      try (CudaDriver driver = openDriver()) {
        return ConditionEvaluationResult.enabled(driver.device().name());
      } catch (BackendUnavailableException e) {
        return ConditionEvaluationResult.disabled("no usable GPU: " + e.getMessage());
      }
    }
  }
}
