package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.UnsupportedRequestException;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.KernelIndex;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which engine is taken: by the user's word, by a table, by the rule, and by what the machine has. */
@OnEmulator
class ProductChoiceTest {
  private static final ProductShape PROJ = new ProductShape(ProductShape.Kind.NORM_F32, 1152, 1152, true);
  private static final ProductShape FC1 = new ProductShape(ProductShape.Kind.GELU_F16, 1152, 4304, true);
  private static final ProductShape FC2 = new ProductShape(ProductShape.Kind.NORM_F32, 4304, 1152, true);

  private final CudaDriver driver = SmallModel.device(EmulatedDevice.ofCapability(90));
  private final List<String> notices = new ArrayList<>();

  @TempDir Path folder;

  @AfterEach
  void close() {
    driver.close();
  }

  /** A machine with a driver and without the CUDA toolkit. */
  static CudaDriver withoutLibrary(CudaDriver driver) {
    return new ForwardingDriver(driver) {
      @Override
      void before(Call call, long bytes) {
        if (call == Call.MATMUL) {
          throw new AssertionError("a product was given to a library that is absent");
        }
      }

      @Override
      public Optional<String> productLibrary() {
        return Optional.empty();
      }
    };
  }

  private static ProductChoice choice(Gemm gemm, Optional<TuningTable> table, CudaDriver driver) {
    return ProductChoice.of(gemm, table, driver, KernelIndex.forCapability(driver.device().capability()));
  }

  private static List<ProductEngine> engines(ProductChoice choice) {
    return List.of(choice.engine(PROJ), choice.engine(FC1), choice.engine(FC2));
  }

  @Test
  void theUsersWordCountsForEveryShape() {
    assertEquals(List.of(ProductEngine.OWN_SUM, ProductEngine.OWN, ProductEngine.OWN_SUM),
        engines(choice(Gemm.OWN, Optional.empty(), driver)));
    assertEquals(List.of(ProductEngine.CUBLASLT, ProductEngine.CUBLASLT, ProductEngine.CUBLASLT),
        engines(choice(Gemm.CUBLASLT, Optional.empty(), driver)));
  }

  @Test
  void theRuleTakesOursWhereTheyWereMeasuredFaster() {
    ProductChoice rule = choice(Gemm.AUTO, Optional.empty(), driver);
    assertEquals(List.of(ProductEngine.OWN, ProductEngine.OWN, ProductEngine.CUBLASLT), engines(rule));
    assertEquals(ProductEngine.CUBLASLT, rule.engine(new ProductShape(ProductShape.Kind.BIAS_F16, 1152, 3456, true)));
    for (int capability : new int[] {80, 86, 89, 100, 120}) {
      assertEquals(ProductEngine.CUBLASLT, ProductChoice.byRule(capability, FC1), "nothing was measured on " + capability);
    }
  }

  @Test
  void aTableDecidesForItsShapesAndTheRuleForOthers() {
    TuningTable table = TuningTableTest.table();
    ProductChoice choice = choice(Gemm.AUTO, Optional.of(table), driver);
    assertEquals(List.of(ProductEngine.OWN_SUM, ProductEngine.OWN, ProductEngine.CUBLASLT), engines(choice));
    assertTrue(choice.describe().contains(table.checksum()), choice.describe());
    assertThrows(UnsupportedRequestException.class, () -> choice(Gemm.OWN, Optional.of(table), driver));
  }

  @Test
  void withoutTheLibraryEverythingIsOurs() {
    CudaDriver bare = withoutLibrary(driver);
    assertEquals(List.of(ProductEngine.OWN_SUM, ProductEngine.OWN, ProductEngine.OWN_SUM),
        engines(choice(Gemm.AUTO, Optional.empty(), bare)));
    String message =
        assertThrows(BackendUnavailableException.class, () -> choice(Gemm.CUBLASLT, Optional.empty(), bare)).getMessage();
    assertTrue(message.contains("libcublasLt.so") && message.contains("--gemm own"), message);
  }

  @Test
  void requestsAreReadAndWrongOnesRefused() {
    BackendRequest request = BackendRequest.DEFAULT.withOption(CudaOptions.GEMM, "own").withOption(CudaOptions.RESIDUAL, "fp16");
    CudaOptions options = CudaOptions.of("cuda", request);
    assertEquals(Gemm.OWN, options.gemm());
    assertEquals(DType.F16, options.residualType());
    assertEquals(CudaOptions.defaults(), CudaOptions.of("cuda", BackendRequest.DEFAULT));
    for (BackendRequest wrong : List.of(
        BackendRequest.DEFAULT.withOption(CudaOptions.GEMM, "fast"), BackendRequest.DEFAULT.withOption(CudaOptions.RESIDUAL, "bf16"),
        request.withOption(CudaOptions.GEMM_TABLE, "x"))) {
      assertTrue(assertThrows(UnsupportedRequestException.class, () -> CudaOptions.of("cuda", wrong)).getMessage().contains("expected"));
    }
  }

  @Test
  void tablesOfThisDeviceAreFoundAgain() throws IOException {
    assertEquals(Optional.empty(), TuningStore.cached(folder, driver, notices::add));
    TuningTable table = new TuningTable(TuningStore.owner(driver), TuningTableTest.table().timings());
    Path file = TuningStore.store(folder, table, driver);
    assertEquals("emulated-sm-90-sm_90.tsv", file.getFileName().toString());
    assertEquals(table.checksum(), TuningStore.cached(folder, driver, notices::add).orElseThrow().checksum());
    assertEquals(table.checksum(), TuningStore.named(file, driver).checksum());
    assertEquals(List.of(), notices);
  }

  @Test
  void aTableOfSomethingElseIsAnErrorWhenNamedAndANoticeWhenFound() throws IOException {
    Path file = TuningStore.store(folder, TuningTableTest.table(), driver);
    String named = assertThrows(BadInputException.class, () -> TuningStore.named(file, driver)).getMessage();
    assertTrue(named.startsWith("tuning table " + file + ": it was made for device A GPU instead of emulated sm_90, library "), named);
    assertTrue(named.contains("kernels 0123456789abcdef instead of ") && named.endsWith("; `conceptclip tune` makes a new one"), named);
    assertEquals(Optional.empty(), TuningStore.cached(folder, driver, notices::add));
    assertEquals(1, notices.size());
    assertTrue(notices.getFirst().startsWith("ignoring the tuning table " + file + ": it was made for device A GPU"), notices.getFirst());
  }

  @Test
  void damagedFilesAreSaidSo() throws IOException {
    Path file = TuningStore.store(folder, TuningTableTest.table(), driver);
    byte[] intact = Files.readAllBytes(file);
    for (byte[] content : List.of(new byte[0], new byte[] {(byte) 0xff, 0}, new byte[(1 << 20) + 1],
        new String(intact, StandardCharsets.UTF_8).replace("13000", "12000").getBytes(StandardCharsets.UTF_8))) {
      Files.write(file, content);
      String message = assertThrows(BadInputException.class, () -> TuningStore.named(file, driver)).getMessage();
      assertEquals(1, message.lines().count(), message);
      notices.clear();
      assertEquals(Optional.empty(), TuningStore.cached(folder, driver, notices::add));
      assertEquals(1, notices.size(), notices.toString());
    }
    Path absent = folder.resolve("absent.tsv");
    assertTrue(assertThrows(BadInputException.class, () -> TuningStore.named(absent, driver)).getMessage().contains(": no such file; "));
  }
}
