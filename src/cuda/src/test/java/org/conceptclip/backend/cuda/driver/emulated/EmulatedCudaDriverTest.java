package org.conceptclip.backend.cuda.driver.emulated;

import static org.conceptclip.backend.cuda.driver.CudaDriverContract.failure;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.CudaDriverContract;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.Kernel;
import org.conceptclip.backend.cuda.driver.KernelIndex;
import org.conceptclip.backend.cuda.driver.KernelLaunch;
import org.conceptclip.backend.cuda.driver.TestDevice;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The emulated device keeps the driver's contract, and is late and strict where CUDA may be. */
@OnEmulator
class EmulatedCudaDriverTest {
  private static EmulatedCudaDriver open(int capability) {
    return EmulatedCudaDriver.open(new EmulatedDevice(capability, 1L << 30), line -> { });
  }

  @TestFactory
  Stream<DynamicTest> contract() {
    return CudaDriverContract.cases().entrySet().stream()
        .map(test -> DynamicTest.dynamicTest(test.getKey(), () -> CudaDriverContract.check(test.getValue(), open(80))));
  }

  @ParameterizedTest
  @ValueSource(ints = {80, 90})
  void propertiesAreThoseOfTheCapability(int capability) {
    try (CudaDriver driver = open(capability)) {
      assertEquals(capability, driver.device().capability());
      assertEquals(1L << 30, driver.device().memoryBytes());
    }
  }

  @Test
  void copiesReadTheirSourceAsLateAsPossible() {
    try (CudaDriver driver = open(80); TestDevice device = new TestDevice(driver)) {
      MemorySegment staging = driver.allocatePinned(4);
      long block = device.block(4);
      staging.set(ValueLayout.JAVA_FLOAT, 0, 1);
      driver.copyToDevice(block, staging, device.stream);
      // Too early: on a GPU the result would be one or the other.
      staging.set(ValueLayout.JAVA_FLOAT, 0, 2);
      assertArrayEquals(new float[] {2}, device.readFloats(block, 1));
      driver.freePinned(staging);
    }
  }

  @Test
  void aMissingWaitBetweenStreamsShowsAsOldData() {
    try (CudaDriver driver = open(80);
        TestDevice producer = new TestDevice(driver);
        TestDevice consumer = new TestDevice(driver)) {
      long block = producer.floats(1);
      driver.synchronize(producer.stream);
      driver.copyToDevice(block, producer.hostFloats(2), producer.stream);
      assertArrayEquals(new float[] {1}, consumer.readFloats(block, 1));
    }
  }

  @Test
  void anEventMarksWhatItWasLastRecordedAfter() {
    try (CudaDriver driver = open(80); TestDevice device = new TestDevice(driver); TestDevice other = new TestDevice(driver)) {
      long event = driver.createEvent();
      long block = device.floats(1);
      driver.record(event, device.stream);
      driver.copyToDevice(block, device.hostFloats(2), device.stream);
      driver.await(other.stream, event);
      driver.record(event, device.stream);
      // The wait was for the first recording.
      assertArrayEquals(new float[] {1}, other.readFloats(block, 1));
      driver.await(other.stream, event);
      assertArrayEquals(new float[] {2}, other.readFloats(block, 1));
      driver.destroyEvent(event);
    }
  }

  @Test
  void aKernelFaultLosesTheDeviceAndSaysWhere() {
    try (CudaDriver driver = open(80)) {
      TestDevice device = new TestDevice(driver);
      long row = device.floats(new float[64]);
      long tooSmall = device.block(64);
      driver.launch(device.layerNorm(row, row, row, tooSmall, 64), device.stream);
      CudaException fault = assertThrows(CudaException.class, () -> driver.synchronize(device.stream));
      assertEquals(Kind.LOST, fault.kind());
      assertTrue(fault.getMessage().matches("(?s).*layer_norm_f32.*block.*thread.*\\.cu.*:\\d+.*"), fault.getMessage());
      CudaException later = assertThrows(CudaException.class, () -> driver.allocate(1));
      assertEquals(Kind.LOST, later.kind());
      assertTrue(later.getMessage().contains("lost earlier") && later.getMessage().contains("layer_norm_f32"), later.getMessage());
      assertSame(fault, later.getCause());
      failure(Kind.LOST, () -> driver.synchronize(device.stream));
      device.close();
      assertEquals(0, driver.liveObjects());
    }
    try (CudaDriver next = open(80); TestDevice device = new TestDevice(next)) {
      assertArrayEquals(new float[] {3}, device.readFloats(device.floats(3), 1));
    }
  }

  @Test
  void hostMemoryThatGoesBeforeItsCopyIsTold() {
    try (CudaDriver driver = open(80); TestDevice device = new TestDevice(driver)) {
      long block = device.block(4);
      try (Arena arena = Arena.ofConfined()) {
        driver.copyToDevice(block, arena.allocate(4), device.stream);
      }
      String message = failure(Kind.LOST, () -> driver.synchronize(device.stream));
      assertTrue(message.contains("given back before their copy"), message);
    }
  }

  @Test
  void deviceMemoryThatGoesBeforeItsWorkIsTold() {
    try (CudaDriver driver = open(80)) {
      long stream = driver.createStream();
      long block = driver.allocate(256);
      driver.fill(block, (byte) 0, 256, stream);
      driver.free(block);
      failure(Kind.LOST, () -> driver.synchronize(stream));
      driver.destroyStream(stream);
    }
  }

  @Test
  void eventsOfOtherStreamsAreRefusedInACapture() {
    try (CudaDriver driver = open(80); TestDevice device = new TestDevice(driver); TestDevice other = new TestDevice(driver)) {
      long event = driver.createEvent();
      driver.record(event, other.stream);
      driver.beginCapture(device.stream);
      String message = failure(Kind.FAILED, () -> driver.await(device.stream, event));
      assertTrue(message.contains("CAPTURE_ISOLATION"), message);
      driver.record(event, device.stream);
      driver.await(device.stream, event);
      driver.destroyGraph(driver.endCapture(device.stream));
      message = failure(Kind.FAILED, () -> driver.await(other.stream, event));
      assertTrue(message.contains("CAPTURE_ISOLATION"), message);
      driver.destroyEvent(event);
    }
  }

  @Test
  void kernelsOfHopperAreNotOnAmpere() {
    try (CudaDriver driver = open(80); TestDevice device = new TestDevice(driver)) {
      KernelLaunch launch = new KernelLaunch("attention_sm90_d64", 1, 1, 128, 0, device.hostFloats(0));
      String message = failure(Kind.FAILED, () -> driver.launch(launch, device.stream));
      assertTrue(message.contains("attention_sm90_d64 on emulated sm_80"), message);
    }
  }

  @Test
  void memoryIsLimitedPerDriver() {
    try (CudaDriver small = EmulatedCudaDriver.open(new EmulatedDevice(80, 1000), line -> { }); CudaDriver large = open(80)) {
      long most = small.allocate(900);
      String message = failure(Kind.MEMORY, () -> small.allocate(101));
      assertTrue(message.contains("900 of 1000"), message);
      large.free(large.allocate(5000));
      small.free(most);
      small.free(small.allocate(1000));
    }
  }

  @Test
  void aFileThatIsNoEmulatorIsNamed() {
    BackendUnavailableException failure = assertThrows(BackendUnavailableException.class,
        () -> new EmulatedCudaDriver(EmulatedDevice.ofCapability(80), Path.of("absent.so")));
    assertTrue(failure.getMessage().contains("absent.so"), failure.getMessage());
  }

  /** The emulator compiles the kernels' sources itself: an index of other sources would launch them wrongly. */
  @Test
  void theIndexIsThatOfTheSources() throws Throwable {
    SymbolLookup library = SymbolLookup.libraryLookup(EmulatorLocation.find(line -> { }), Arena.global());
    MethodHandle fact = Linker.nativeLinker().downcallHandle(library.findOrThrow("emulator_kernel_fact"),
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
    for (int capability : new int[] {80, 90}) {
      KernelIndex index = KernelIndex.forCapability(capability);
      Set<String> facts = index.names().stream().flatMap(name -> index.get(name).facts().keySet().stream()).collect(Collectors.toSet());
      assertTrue(facts.containsAll(List.of("tileX", "tileRows", "maxKeys")), facts::toString);
      for (String name : index.names()) {
        Kernel kernel = index.get(name);
        Map<String, Integer> expected = new HashMap<>();
        for (String stated : facts) {
          expected.put(stated, kernel.fact(stated).orElse(0));
        }
        expected.put("threads", kernel.threads());
        expected.put("sharedBytes", kernel.sharedBytes());
        expected.put("argumentBytes", kernel.argumentBytes());
        for (Map.Entry<String, Integer> each : expected.entrySet()) {
          try (Arena arena = Arena.ofConfined()) {
            int found = (int) fact.invokeExact(arena.allocateFrom(name), arena.allocateFrom(each.getKey()));
            assertEquals(each.getValue(), found, name + " " + each.getKey() + "; run kernels/build");
          }
        }
      }
    }
  }
}
