package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.ForwardingDriver.Call;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.model.SyntheticModels;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.op.Workspace;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;
import org.conceptclip.weights.SyntheticWeights;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a forward pass asks of the device, to the call and the byte: numbers that may shrink, and whose growth is a defect. */
@OnEmulator
class CudaWorkTest {
  private static final ModelConfig TINY = SyntheticModels.named("synthetic:tiny").orElseThrow();
  private static final int IMAGES = 2;
  private static final long PIXEL_BYTES = IMAGES * 61 * 61 * 3;

  private CountingDriver driver;
  private CudaBackend backend;
  private Encoder encoder;

  @BeforeEach
  void open() {
    driver = new CountingDriver(SmallModel.device(EmulatedDevice.ofCapability(90)));
    backend = new CudaBackend("test", driver, CudaOptions.defaults().withGemm(Gemm.CUBLASLT));
    try (SyntheticWeights weights = new SyntheticWeights("synthetic:tiny", ModelLayout.of(TINY))) {
      encoder = Encoder.load(TINY, weights, backend, notice -> {});
    }
    driver.reset();
  }

  @AfterEach
  void close() {
    encoder.close();
    backend.close();
  }

  private static Map<Call, Long> calls(Object... callsAndCounts) {
    Map<Call, Long> calls = new EnumMap<>(Call.class);
    for (int i = 0; i < callsAndCounts.length; i += 2) {
      calls.put((Call) callsAndCounts[i], ((Integer) callsAndCounts[i + 1]).longValue());
    }
    return calls;
  }

  private static HostTensor images() {
    return HostTensor.allocate(Arena.ofAuto(), DType.U8, IMAGES, 61, 61, 3);
  }

  @Test
  void firstImagesRunPieceByPiece() {
    encoder.encodeImages(images(), Detail.TOKENS);
    int depth = TINY.vision().depth();
    // Patches and the first norm; attention, two norms and a GELU a block; pool attention, its norm and GELU; the head's GELU; l2.
    assertEquals(2 + 4 * depth + 3 + 1 + 1, driver.calls().get(Call.LAUNCH));
    // qkv, proj, fc1, fc2 a block; kv, proj, fc1, fc2 of the pool; two of the head.
    assertEquals(4 * depth + 4 + 2, driver.calls().get(Call.MATMUL));
  }

  @Test
  void knownImagesAreTwoCopiesAndOneGraph() {
    for (int i = 0; i < 3; i++) {
      encoder.encodeImages(images(), Detail.TOKENS);
    }
    long allocated = driver.allocatedBytes();
    driver.reset();
    encoder.encodeImages(images(), Detail.TOKENS);
    assertEquals(
        calls(Call.COPY_TO_DEVICE, 2, Call.LAUNCH_GRAPH, 1, Call.RECORD, 1, Call.COPY_TO_HOST, 3, Call.SYNCHRONIZE, 3),
        driver.calls());
    // Pixels; then one table of tiles and one of sequences, at 256 bytes each.
    assertEquals(PIXEL_BYTES + 2 * 256, driver.bytes(Call.COPY_TO_DEVICE));
    assertEquals(IMAGES * (144 * 4 * 2 + 16 * 144 * 2), driver.bytes(Call.COPY_TO_HOST));
    assertEquals(allocated, driver.allocatedBytes());
  }

  @Test
  void knownTextsAreOneCopyAndOneGraph() {
    TokenBatch texts = TokenBatch.packed(List.of(new int[] {2, 7, 3}, new int[] {2, 9, 9, 9, 3}));
    // Other ids in texts of the same lengths are the same work.
    TokenBatch others = TokenBatch.packed(List.of(new int[] {2, 8, 3}, new int[] {2, 1, 4, 5, 3}));
    float[] expected = encoder.encodeTexts(others, Detail.FEATURES).features().toFloatArray();
    for (int i = 0; i < 2; i++) {
      encoder.encodeTexts(texts, Detail.FEATURES);
    }
    driver.reset();
    assertArrayEquals(expected, encoder.encodeTexts(others, Detail.FEATURES).features().toFloatArray());
    assertEquals(calls(Call.COPY_TO_DEVICE, 1, Call.LAUNCH_GRAPH, 1, Call.RECORD, 1, Call.COPY_TO_HOST, 2, Call.SYNCHRONIZE, 2), driver.calls());
    // Ids and positions of 64 rows, tiles and sequences: four tables of 256 bytes.
    assertEquals(4 * 256, driver.bytes(Call.COPY_TO_DEVICE));
    assertEquals(2 * (2 * 144 * 4), driver.bytes(Call.COPY_TO_HOST), "no row of padding comes back");
    // Texts of other lengths are the same work, too.
    driver.reset();
    encoder.encodeCheckedTexts(TokenBatch.packed(List.of(new int[9], new int[5])), Detail.FEATURES);
    assertEquals(
        calls(Call.COPY_TO_DEVICE, 1, Call.LAUNCH_GRAPH, 1, Call.RECORD, 1, Call.COPY_TO_HOST, 1, Call.SYNCHRONIZE, 1), driver.calls());
    assertEquals(2 * 144 * 4, driver.bytes(Call.COPY_TO_HOST));
  }

  @Test
  void scoringIsOneGraphWithItsVectorsCopiedBefore() {
    HostTensor classes = HostTensor.of(new float[3 * 144], 3, 144);
    for (int i = 0; i < 3; i++) {
      encoder.scoreImages(images(), classes, classes, 5);
    }
    driver.reset();
    encoder.scoreImages(images(), classes, classes, 5);
    assertEquals(
        calls(Call.COPY_TO_DEVICE, 4, Call.LAUNCH_GRAPH, 1, Call.RECORD, 1, Call.COPY_TO_HOST, 2, Call.SYNCHRONIZE, 2),
        driver.calls());
  }

  @Test
  void smallerAndLargerBatchesSettle() {
    for (int round = 0; round < 3; round++) {
      for (int count : new int[] {1, 4, 2}) {
        encoder.encodeImages(HostTensor.allocate(Arena.ofAuto(), DType.U8, count, 61, 61, 3), Detail.STATES);
      }
    }
    driver.reset();
    for (int count : new int[] {1, 4, 2}) {
      encoder.encodeImages(HostTensor.allocate(Arena.ofAuto(), DType.U8, count, 61, 61, 3), Detail.STATES);
    }
    assertEquals(3, driver.calls().get(Call.LAUNCH_GRAPH));
    for (Call call : List.of(Call.ALLOCATE, Call.ALLOCATE_PINNED, Call.FREE, Call.FREE_PINNED, Call.LAUNCH, Call.BEGIN_CAPTURE)) {
      assertEquals(null, driver.calls().get(call), call.name());
    }
    String plan = backend.memoryPlan().orElseThrow();
    assertTrue(plan.contains("vision.qkv") && !plan.contains("own block"), plan);
  }

  /** An upload may overwrite what recorded work still reads: the work sees the old values, later work the new ones. */
  @Test
  void uploadsStayInOrderWithOps() {
    HostTensor first = HostTensor.of(new float[] {3, 4}, 1, 2);
    HostTensor second = HostTensor.of(new float[] {5, 12}, 1, 2);
    try (Execution execution = backend.openExecution(); Arena arena = Arena.ofConfined()) {
      Workspace workspace = execution.workspace();
      Tensor x = workspace.buffer("x", DType.F32, 1, 2);
      Tensor a = workspace.buffer("a", DType.F32, 1, 2);
      Tensor b = workspace.buffer("b", DType.F32, 1, 2);
      workspace.upload(first, x);
      execution.ops().l2Normalize(x, a);
      workspace.upload(second, x);
      execution.ops().l2Normalize(x, b);
      workspace.upload(first, x);
      assertArrayEquals(new float[] {0.6f, 0.8f}, workspace.download(a, arena).toFloatArray(), 1e-6f);
      assertArrayEquals(new float[] {5 / 13f, 12 / 13f}, workspace.download(b, arena).toFloatArray(), 1e-6f);
      assertArrayEquals(new float[] {3, 4}, workspace.download(x, arena).toFloatArray());
    }
  }

  /** Tables of more bytes than there is room for are copied in several pieces, each before what reads it. */
  @Test
  void tablesBeyondTheirMemoryAreFlushed() {
    int sequences = 700;
    int ops = 6;
    try (Execution execution = backend.openExecution(); Arena arena = Arena.ofConfined()) {
      Workspace workspace = execution.workspace();
      HostTensor values = HostTensor.allocate(arena, DType.F32, sequences, 1);
      for (int i = 0; i < sequences; i++) {
        values.set(i, i);
      }
      Tensor x = workspace.buffer("x", DType.F16, sequences, 1);
      workspace.upload(values, x);
      for (int op = 0; op < ops; op++) {
        Tensor mean = workspace.buffer("mean." + op, DType.F16, sequences - op, 1);
        execution.ops().meanPool(x, leading(sequences, op + 1), mean);
      }
      for (int op = 0; op < ops; op++) {
        Tensor mean = workspace.buffer("mean." + op, DType.F16, sequences - op, 1);
        HostTensor means = workspace.download(mean, arena);
        assertEquals(op / 2.0, means.getDouble(0), "mean of rows 0 to " + op);
        assertEquals(sequences - 1, means.getDouble(sequences - op - 1));
      }
    }
  }

  /** A first sequence of so many rows, then one a row. */
  private static Sequences leading(int rows, int first) {
    int[] lengths = new int[rows - first + 1];
    Arrays.fill(lengths, 1);
    lengths[0] = first;
    return Sequences.packed(lengths);
  }
}
