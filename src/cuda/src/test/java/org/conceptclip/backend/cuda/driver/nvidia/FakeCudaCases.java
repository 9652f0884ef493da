package org.conceptclip.backend.cuda.driver.nvidia;

import static org.conceptclip.backend.cuda.driver.CudaDriverContract.failure;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.KernelLaunch;
import org.conceptclip.backend.cuda.driver.MatmulCall;
import org.conceptclip.backend.cuda.driver.TensorMap;
import org.conceptclip.backend.cuda.driver.TestDevice;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedCudaDriver;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;
import org.conceptclip.backend.cuda.driver.nvidia.FakeCudaChild.Lab;

/** What the binding to CUDA has to do beyond the contract, on the fake libraries. */
final class FakeCudaCases {
  private static final MatmulCall.Shape SHAPE = new MatmulCall.Shape(8, 8, false, true, false);

  private FakeCudaCases() {}

  static Map<String, Consumer<Lab>> cases() {
    Map<String, Consumer<Lab>> cases = new LinkedHashMap<>();
    cases.put("the libraries come from where they were found", FakeCudaCases::libraries);
    cases.put("a driver too old is named, with what is needed", FakeCudaCases::oldDriver);
    cases.put("no device, or not that one", FakeCudaCases::noDevice);
    cases.put("a device too old is named, with what is needed", FakeCudaCases::oldDevice);
    cases.put("a driver that does not start is told", FakeCudaCases::deadDriver);
    cases.put("each capability gets its kernels", FakeCudaCases::capabilities);
    cases.put("what the compiler says about PTX is told", FakeCudaCases::compilerLog);
    cases.put("an argument of another size is refused", FakeCudaCases::argumentSize);
    cases.put("much shared memory is asked for", FakeCudaCases::sharedMemory);
    cases.put("tensor maps are the emulator's own", FakeCudaCases::tensorMaps);
    cases.put("a kernel's fault loses the device until it is opened anew", FakeCudaCases::kernelFault);
    cases.put("algorithms are chosen once", FakeCudaCases::algorithmsAreKept);
    cases.put("a damaged file of algorithms is ignored, with a note", FakeCudaCases::damagedAlgorithms);
    cases.put("algorithms that no longer fit are chosen anew", FakeCudaCases::unfitAlgorithms);
    return cases;
  }

  /** With a driver, but a folder without libraries. */
  static void missing(Path empty) {
    BackendUnavailableException failure = assertThrows(BackendUnavailableException.class,
        () -> JavacppCudaDriver.open(0, Optional.of(empty), empty, line -> { }));
    String libraries = "libcudart.so.N, libcublasLt.so.N, libcublas.so.N".replace("N", Integer.toString(CudaLibraries.MAJOR));
    assertTrue(failure.getMessage().startsWith("CUDA: " + libraries + " not found"), failure.getMessage());
    assertTrue(failure.getMessage().contains("looked in " + empty)
        && failure.getMessage().contains("--cuda-libs DIR"), failure.getMessage());
    Map<String, String> facts = CudaLibraries.describe(Optional.of(empty));
    assertEquals("not found", facts.get("libcublas.so." + CudaLibraries.MAJOR), facts.toString());
    assertTrue(facts.get("devices").startsWith("unknown: libcudart.so."), facts.toString());
  }

  private static void libraries(Lab lab) {
    lab.open().close();
    Map<String, String> facts = CudaLibraries.describe(Optional.empty());
    assertTrue(facts.get("devices").contains("device 0: Fake GPU sm_80, compute capability 8.0"), facts.toString());
    for (String name : List.of("libcudart.so.", "libcublasLt.so.", "libcublas.so.")) {
      String library = name + CudaLibraries.MAJOR;
      assertTrue(facts.get(library).contains("fakecuda/" + library), facts.toString());
      // The bindings look for libraries too: they must not have found others.
      assertEquals(1, mapped(library).size(), mapped(library).toString());
    }
  }

  private static List<String> mapped(String library) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.filter(line -> line.contains("/" + library)).map(line -> line.substring(line.indexOf('/'))).distinct().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void oldDriver(Lab lab) {
    lab.fakes.configure("driver_version", 11040);
    String message = unavailable(lab);
    assertTrue(message.contains("supports CUDA 11.4") && message.contains("CUDA " + CudaLibraries.MAJOR + ".0 or newer"), message);
  }

  private static void noDevice(Lab lab) {
    lab.fakes.configure("device_count", 0);
    String message = unavailable(lab);
    assertTrue(message.contains("sees no device") && message.contains("CUDA_VISIBLE_DEVICES is \"0\""), message);
    lab.fakes.configure("device_count", 1);
    message = assertThrows(BackendUnavailableException.class,
        () -> JavacppCudaDriver.open(1, Optional.empty(), lab.cacheFolder, lab.notices::add)).getMessage();
    assertTrue(message.contains("device 1 asked for, 1 visible"), message);
  }

  private static void oldDevice(Lab lab) {
    lab.fakes.configure("capability", 75);
    String message = unavailable(lab);
    assertTrue(message.contains("Fake GPU sm_75") && message.contains("8.0 (sm_80, Ampere) or newer"), message);
  }

  private static void deadDriver(Lab lab) {
    lab.fakes.fail("cuInit", 1, 802);
    String message = unavailable(lab);
    assertTrue(message.contains("cuInit: CUDA_ERROR_SYSTEM_NOT_READY"), message);
    lab.fakes.fail("cuDevicePrimaryCtxRetain", 1, 2);
    message = unavailable(lab);
    assertTrue(message.contains("CUDA_ERROR_OUT_OF_MEMORY"), message);
    lab.fakes.fail("cublasLtCreate", 1, 1);
    message = unavailable(lab);
    assertTrue(message.contains("cublasLtCreate"), message);
  }

  private static void capabilities(Lab lab) {
    for (int capability : new int[] {80, 86, 90, 100}) {
      lab.fakes.configure("capability", capability);
      try (CudaDriver driver = lab.open(); TestDevice device = new TestDevice(driver)) {
        assertEquals(capability, driver.device().capability());
        long row = device.floats(new float[64]);
        driver.launch(device.layerNorm(row, row, row, device.block(128), 64), device.stream);
        KernelLaunch hopper = new KernelLaunch("attention_sm90_d64", 1, 1, 128, 0, device.hostFloats(0));
        String message = failure(Kind.FAILED, () -> driver.launch(hopper, device.stream));
        assertEquals(capability == 90, message.contains("the kernel reads"), message);
        assertEquals(capability != 90, message.contains("attention_sm90_d64 for sm_80"), message);
      }
    }
  }

  private static void compilerLog(Lab lab) {
    try (CudaDriver driver = lab.open(); TestDevice device = new TestDevice(driver)) {
      long row = device.floats(new float[64]);
      KernelLaunch launch = device.layerNorm(row, row, row, row, 64);
      lab.fakes.configure("capability", 90);
      String message = failure(Kind.FAILED, () -> driver.launch(launch, device.stream));
      assertTrue(message.contains("CUDA_ERROR_INVALID_PTX") && message.contains("layer_norm.sm_80.ptx")
          && message.contains("fatal : not for this device"), message);
      assertEquals(1, message.lines().count(), message);
    }
  }

  private static void argumentSize(Lab lab) {
    try (CudaDriver driver = lab.open(); TestDevice device = new TestDevice(driver)) {
      KernelLaunch launch = new KernelLaunch("layer_norm_f32", 1, 1, 128, 0, device.hostFloats(new float[13]));
      String message = failure(Kind.FAILED, () -> driver.launch(launch, device.stream));
      assertTrue(message.contains("52 argument bytes, the kernel reads 56"), message);
    }
  }

  private static void sharedMemory(Lab lab) {
    try (CudaDriver driver = lab.open(); TestDevice device = new TestDevice(driver)) {
      long row = device.floats(new float[64]);
      KernelLaunch plain = device.layerNorm(row, row, row, device.block(128), 64);
      for (int kibibytes : new int[] {48, 100, 49, 163}) {
        driver.launch(new KernelLaunch(plain.kernel(), 1, 1, 128, kibibytes << 10, plain.arguments()), device.stream);
      }
      driver.synchronize(device.stream);
      KernelLaunch greedy = new KernelLaunch(plain.kernel(), 1, 1, 128, 164 << 10, plain.arguments());
      String message = failure(Kind.FAILED, () -> driver.launch(greedy, device.stream));
      assertTrue(message.contains("cuFuncSetAttribute") && message.contains("167936 bytes"), message);
    }
  }

  private static void tensorMaps(Lab lab) {
    lab.fakes.configure("capability", 90);
    try (CudaDriver driver = lab.open();
        TestDevice device = new TestDevice(driver);
        CudaDriver emulated = EmulatedCudaDriver.open(EmulatedDevice.ofCapability(90), line -> { })) {
      long address = device.block(4096);
      for (TensorMap.Swizzle swizzle : TensorMap.Swizzle.values()) {
        for (TensorMap.Element element : TensorMap.Element.values()) {
          TensorMap map = new TensorMap(address, element, new long[] {16, 4, 8}, new long[] {32, 128}, new int[] {16, 1, 8}, swizzle);
          MemorySegment encoded = driver.encodeTensorMap(map);
          assertEquals(128, encoded.byteSize());
          assertArrayEquals(emulated.encodeTensorMap(map).toArray(ValueLayout.JAVA_BYTE), encoded.toArray(ValueLayout.JAVA_BYTE));
        }
      }
      TensorMap odd = new TensorMap(
          address, TensorMap.Element.F16, new long[] {16, 4}, new long[] {24}, new int[] {16, 1}, TensorMap.Swizzle.NONE);
      String message = failure(Kind.FAILED, () -> driver.encodeTensorMap(odd));
      assertTrue(message.contains("stride bytes [24]"), message);
    }
  }

  private static void kernelFault(Lab lab) {
    try (CudaDriver driver = lab.open()) {
      TestDevice device = new TestDevice(driver);
      long row = device.floats(new float[64]);
      driver.launch(device.layerNorm(row, row, row, device.block(64), 64), device.stream);
      CudaException fault = assertThrows(CudaException.class, () -> driver.synchronize(device.stream));
      assertEquals(Kind.LOST, fault.kind());
      assertTrue(fault.getMessage().contains("CUDA_ERROR_LAUNCH_FAILED"), fault.getMessage());
      CudaException later = assertThrows(CudaException.class, () -> driver.allocate(1));
      assertEquals(Kind.LOST, later.kind());
      assertTrue(later.getMessage().contains("lost earlier"), later.getMessage());
      assertSame(fault, later.getCause());
      device.close();
      assertEquals(0, driver.liveObjects());
    }
    product(lab);
  }

  private static void algorithmsAreKept(Lab lab) {
    product(lab);
    // Asking again would fail.
    lab.fakes.fail("cublasLtMatmulAlgoGetHeuristic", 1, 15);
    product(lab);
    assertEquals(List.of(), lab.notices);
  }

  private static void damagedAlgorithms(Lab lab) {
    product(lab);
    Path file = onlyFile(lab.cacheFolder);
    try {
      Files.writeString(file, Files.readString(file).replace("8 8 0", "8 8 1"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    product(lab);
    assertEquals(1, lab.notices.size(), lab.notices.toString());
    assertTrue(lab.notices.getFirst().contains(file.toString()) && lab.notices.getFirst().contains("checksum"),
        lab.notices.toString());
    // It was written anew.
    product(lab);
    assertEquals(1, lab.notices.size(), lab.notices.toString());
  }

  private static void unfitAlgorithms(Lab lab) {
    try (CudaDriver driver = lab.open()) {
      String owner = driver.device().name() + " sm_80 cublasLt 130000 driver 13000";
      // One that splits sums: a file like this could be left by a version of ours that allowed it.
      new AlgorithmCache(Optional.of(lab.cacheFolder), owner, lab.notices::add).put(SHAPE, new long[] {0xfa4e, 0, 0, 0, 0, 0, 0, 0});
    }
    product(lab);
    long[] chosen = new AlgorithmCache(Optional.of(lab.cacheFolder), "Fake GPU sm_80 sm_80 cublasLt 130000 driver 13000", lab.notices::add)
        .get(SHAPE).orElseThrow();
    assertEquals(3, chosen[1], "kind of the algorithm that was stored");
    assertEquals(List.of(), lab.notices);
  }

  private static void product(Lab lab) {
    try (CudaDriver driver = lab.open(); TestDevice device = new TestDevice(driver)) {
      float[] identity = new float[64];
      for (int i = 0; i < 8; i++) {
        identity[9 * i] = 1;
      }
      float[] row = {1, 2, 3, 4, 5, 6, 7, 8};
      long out = device.block(32);
      driver.matmul(new MatmulCall(SHAPE, 1, device.halves(row), 8, device.halves(identity), 0, out, 8), device.stream);
      assertArrayEquals(row, device.readFloats(out, 8));
    }
  }

  private static Path onlyFile(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> all = files.toList();
      assertEquals(1, all.size(), all.toString());
      return all.getFirst();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String unavailable(Lab lab) {
    return assertThrows(BackendUnavailableException.class, () -> lab.open().close()).getMessage();
  }
}
