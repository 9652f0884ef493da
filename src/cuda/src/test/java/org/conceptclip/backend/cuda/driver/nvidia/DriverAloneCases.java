package org.conceptclip.backend.cuda.driver.nvidia;

import static org.conceptclip.backend.cuda.driver.CudaDriverContract.failure;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.CudaDriverContract;
import org.conceptclip.backend.cuda.driver.MatmulCall;
import org.conceptclip.backend.cuda.driver.TestDevice;
import org.conceptclip.backend.cuda.driver.nvidia.FakeCudaChild.Lab;

/** Machines that lack something of CUDA, on the fake libraries: what still works, and what is said about the rest. */
final class DriverAloneCases {
  private static final String RUNTIME = "libcudart.so." + CudaLibraries.MAJOR;
  private static final String CUBLASLT = "libcublasLt.so." + CudaLibraries.MAJOR;
  private static final String CUBLAS = "libcublas.so." + CudaLibraries.MAJOR;
  private static final String REFUSED = "products are refused, and everything else goes on";

  private DriverAloneCases() {}

  /** On the NVIDIA driver without any library of a toolkit. The last case loads JavaCPP. */
  static Map<String, Consumer<Lab>> cases() {
    Map<String, Consumer<Lab>> cases = new LinkedHashMap<>();
    CudaDriverContract.casesWithoutProducts()
        .forEach((name, test) -> cases.put("contract: " + name, lab -> CudaDriverContract.check(test, lab.open())));
    cases.put("what is missing is named, and where it was looked for", DriverAloneCases::missing);
    cases.put("every function that a driver may lack is named", DriverAloneCases::missingFunctions);
    cases.put("a cuBLASLt of another CUDA is told and not used", DriverAloneCases::otherVersion);
    cases.put("nothing but the driver was loaded", lab -> nothingLoaded());
    cases.put("a cuBLASLt that does not load is told and not used", DriverAloneCases::damaged);
    return cases;
  }

  /** On a driver that lacks two functions. */
  static Map<String, Consumer<Lab>> oldDriver() {
    return Map.of("the functions are named, with the driver that has them", DriverAloneCases::lacksFunctions);
  }

  /** With a cuBLASLt that says it is 11.5.1. */
  static Map<String, Consumer<Lab>> mislabelled() {
    return Map.of("the library's version is told, and it is not used", DriverAloneCases::saysAnotherVersion);
  }

  private static void missing(Lab lab) {
    String folder = System.getProperty(CudaLibraries.FOLDER_PROPERTY);
    String absence = RUNTIME + ", " + CUBLASLT + ", " + CUBLAS + " not found (CUDA " + CudaLibraries.MAJOR + "; looked in " + folder
        + " and the usual folders in it); name the folder with --cuda-libs DIR";
    try (NvidiaCudaDriver driver = lab.open(); TestDevice device = new TestDevice(driver)) {
      assertEquals("CUDA: " + absence, assertThrows(BackendUnavailableException.class, driver::requireProductLibrary).getMessage());
      long matrix = device.block(256);
      MatmulCall product = new MatmulCall(new MatmulCall.Shape(8, 8, false, true, false), 8, matrix, 8, matrix, 0, device.block(256), 8);
      assertEquals("cublasLtMatmul: no cuBLASLt (" + absence + ")", failure(Kind.FAILED, () -> driver.matmul(product, device.stream)));
    }
    // It is absent without complaint.
    assertEquals(List.of(), lab.notices);
    Map<String, String> facts = CudaLibraries.describe(Optional.empty());
    assertTrue(facts.get("devices").contains("device 0: Fake GPU sm_80, compute capability 8.0"), facts.toString());
    assertEquals("not found", facts.get(RUNTIME), facts.toString());
    assertEquals("not found", facts.get(CUBLASLT), facts.toString());
    assertEquals("not found", facts.get(CUBLAS), facts.toString());
    assertEquals("our own kernels; " + absence, facts.get("matrix products"), facts.toString());
  }

  private static void missingFunctions(Lab lab) {
    SymbolLookup whole = SymbolLookup.libraryLookup(CudaLibraries.DRIVER, Arena.global());
    for (String function : DriverApi.load().types().keySet()) {
      String message = assertThrows(BackendUnavailableException.class,
          () -> new DriverApi(name -> name.equals(function) ? Optional.empty() : whole.find(name))).getMessage();
      String version = function.equals("cuDriverGetVersion") ? "" : " (CUDA 13.0)";
      assertEquals("CUDA: the NVIDIA driver" + version + " has no function " + function
          + " in libcuda.so.1; a driver for CUDA 12.0 or newer is needed", message);
    }
  }

  private static void otherVersion(Lab lab) {
    Path folder = library(lab.cacheFolder.resolve("other"), "libcublasLt.so." + (CudaLibraries.MAJOR - 1));
    try (CudaDriver driver = lab.open(Optional.of(folder.getParent()))) {
      CudaDriverContract.casesWithoutProducts().get(REFUSED).accept(driver);
    }
    assertEquals(1, lab.notices.size(), lab.notices.toString());
    String notice = lab.notices.getFirst();
    assertTrue(notice.startsWith("cuBLASLt is not used: " + RUNTIME) && notice.contains("; of another CUDA: " + folder), notice);
    Map<String, String> facts = CudaLibraries.describe(Optional.of(folder.getParent()));
    assertEquals(folder + " (of another CUDA, not used)", facts.get(folder.getFileName().toString()), facts.toString());
    assertTrue(facts.get("matrix products").startsWith("our own kernels; " + RUNTIME), facts.toString());
  }

  private static void nothingLoaded() {
    assertEquals(1, FakeCudaCases.mapped("libcuda.so").size());
    for (String library : List.of("libcudart", "libcublas", "libjni")) {
      assertEquals(List.of(), FakeCudaCases.mapped(library));
    }
  }

  private static void damaged(Lab lab) {
    Path folder = library(lab.cacheFolder.resolve("damaged"), CUBLASLT).getParent();
    library(folder, CUBLAS);
    library(folder, RUNTIME);
    String reason;
    try (NvidiaCudaDriver driver = lab.open(Optional.of(folder))) {
      CudaDriverContract.casesWithoutProducts().get(REFUSED).accept(driver);
      reason = assertThrows(BackendUnavailableException.class, driver::requireProductLibrary).getMessage().replaceFirst("^CUDA: ", "");
    }
    assertTrue(reason.startsWith("cuBLASLt or its bindings cannot be loaded: ") && reason.contains(folder.resolve(RUNTIME).toString()), reason);
    assertEquals(List.of("cuBLASLt is not used: " + reason), lab.notices);
    assertEquals("our own kernels; " + reason, CudaLibraries.describe(Optional.of(folder)).get("matrix products"));
  }

  private static void lacksFunctions(Lab lab) {
    String expected = "CUDA: the NVIDIA driver (CUDA 13.0) has no function cuTensorMapEncodeTiled, cuGraphInstantiateWithFlags in"
        + " libcuda.so.1; a driver for CUDA 12.0 or newer is needed";
    for (int i = 0; i < 2; i++) {
      assertEquals(expected, assertThrows(BackendUnavailableException.class, lab::open).getMessage());
    }
    Map<String, String> facts = CudaLibraries.describe(Optional.empty());
    assertEquals("none usable: " + expected, facts.get("devices"), facts.toString());
  }

  private static void saysAnotherVersion(Lab lab) {
    try (CudaDriver driver = lab.open()) {
      CudaDriverContract.casesWithoutProducts().get(REFUSED).accept(driver);
    }
    String reason = "cuBLASLt or its bindings cannot be loaded: the library says that it is cuBLASLt 11.5.1, and this build calls that of CUDA "
        + CudaLibraries.MAJOR;
    assertEquals(List.of("cuBLASLt is not used: " + reason), lab.notices);
    assertEquals("our own kernels; " + reason, CudaLibraries.describe(Optional.empty()).get("matrix products"));
  }

  /** A file under a library's name that no loader takes. */
  private static Path library(Path folder, String name) {
    try {
      return Files.writeString(Files.createDirectories(folder).resolve(name), "no library");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
