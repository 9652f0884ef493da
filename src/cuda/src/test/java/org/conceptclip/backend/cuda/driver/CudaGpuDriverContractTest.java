package org.conceptclip.backend.cuda.driver;

import java.util.stream.Stream;
import org.conceptclip.backend.cuda.GpuUnderTest;
import org.conceptclip.backend.cuda.OnGpu;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The driver contract on a real device. */
@OnGpu
class CudaGpuDriverContractTest {
  @TestFactory
  Stream<DynamicTest> contract() {
    return CudaDriverContract.cases().entrySet().stream()
        .map(test -> DynamicTest.dynamicTest(
            test.getKey(), () -> CudaDriverContract.check(test.getValue(), GpuUnderTest.openDriver())));
  }
}
