package org.conceptclip.backend.cuda.driver.emulated;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.TensorMap;
import org.conceptclip.backend.cuda.driver.TensorMap.Element;
import org.conceptclip.backend.cuda.driver.TensorMap.Swizzle;
import org.conceptclip.backend.cuda.driver.emulated.EmulatorTestKernels.Session;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The kernels of {@code native/emulator/planted/hopper.cu}: transaction barriers, bulk copies and a warpgroup's product as they should be
 * give the product, and each planted defect is reported. Tensor maps are refused for what CUDA would refuse them for.
 */
@OnEmulator
class HopperPlantedDefectsTest {
  private static final String PREFIX = "planted_hopper_";
  private static final String SOUND = "sound";

  private static final int WIDTH = 64;
  private static final int A_ROWS = 64;
  private static final int B_ROWS = 96;
  private static final int THREADS = 384;
  private static final int SHARED_BYTES = (A_ROWS + 8 + 2 * B_ROWS) * WIDTH * 2 + 3 * Long.BYTES;
  private static final int TENSOR_MAP_BYTES = 128;

  /**
   * One kernel with a defect.
   *
   * @param found what the report must say
   */
  private record Defect(String name, String found) {
    @Override
    public String toString() {
      return name;
    }
  }

  static List<Defect> defects() {
    return List.of(
        new Defect("missing_wait", "which was read by a product of warp "),
        new Defect("unfinished_product", "warp 0 ends with a product under way that was issued at "),
        new Defect("missing_commit", "accumulator of a product that is still under way"),
        new Defect("missing_fence", "accumulator registers of lane 0 were in no wgmma.fence"),
        new Defect("written_after_fence", "accumulator registers of lane 0 were written since their wgmma.fence"),
        new Defect("early_write", "accumulator of lane 0 was written while its product was under way"),
        new Defect("missing_warp", "wait in wgmma.wait_group (the other warps of its warpgroup)"),
        new Defect("other_descriptor", "product 0 of the warpgroup differs in another warp"),
        new Defect("short_stride", "stride of 512 bytes, expected a multiple of the swizzle's 1024"),
        new Defect("long_stride", "uninitialised: reads for a product 16 bytes"),
        new Defect("wrong_parity", "uninitialised: reads 2 bytes"),
        new Defect("fewer_bytes", "bulk copy brings 128 bytes more than the mbarrier's phase expects"),
        new Defect("more_bytes", "stuck: 128 threads, the first is 0, wait in mbarrier"),
        new Defect("misaligned_box", "misaligned: bulk copy writes 8192 bytes at byte 128 of shared memory, expected a multiple of 1024"),
        new Defect("other_element", "tensor map of elements of 2 bytes, copied to elements of 1"),
        new Defect("missing_init_fence", "was not fenced after its initialisation"),
        new Defect("missing_proxy_fence", "without a fence.proxy.async before this asynchronous use"),
        new Defect("early_release", "which was read by a product of warp "),
        new Defect("barrier_for_wait", "operands in shared memory changed while the product of native/emulator/planted/hopper.cu:"),
        new Defect("abandoned_copy", "bulk copy is still under way when the block ends"),
        new Defect("registers_not_given", "wait in setmaxnreg (the other warps of its warpgroup, or registers)"),
        new Defect("register_count", "setmaxnreg to 228 registers, expected a multiple of 8 from 24 to 256"),
        new Defect("registers_in_three_warps", "wait in setmaxnreg (the other warps of its warpgroup, or registers)"));
  }

  @ParameterizedTest
  @MethodSource("defects")
  void isFoundAndNamed(Defect defect) {
    CudaException report = assertThrows(CudaException.class, () -> run(defect.name));
    assertEquals(Kind.LOST, report.kind());
    assertTrue(report.getMessage().contains("kernel " + PREFIX + defect.name + ", block (0, 0, 0)"), report::getMessage);
    assertTrue(report.getMessage().contains(" native/emulator/planted/hopper.cu:"), report::getMessage);
    assertTrue(report.getMessage().contains(defect.found), () -> "expected " + defect.found + " in " + report.getMessage());
  }

  /** Every kernel of the file has an entry above: none was planted in vain. */
  @Test
  void allPlantedKernelsAreRun() throws IOException {
    String source = Files.readString(EmulatorTestKernels.SOURCES.resolve("planted/hopper.cu"));
    List<String> planted = Pattern.compile("^PLANTED\\((\\w+),", Pattern.MULTILINE).matcher(source).results()
        .map(match -> match.group(1)).filter(name -> !name.equals(SOUND)).sorted().toList();
    assertEquals(planted, defects().stream().map(Defect::name).sorted().toList());
  }

  @Test
  void soundKernelGivesTheProduct() {
    Product product = run(SOUND);
    for (int row = 0; row < A_ROWS; row++) {
      for (int column = 0; column < B_ROWS; column++) {
        double sum = 0;
        double magnitude = 0;
        for (int i = 0; i < WIDTH; i++) {
          double term = product.a[row * WIDTH + i] * (double) product.b[column * WIDTH + i];
          sum += term;
          magnitude += Math.abs(term);
        }
        // Four steps, each of which cuts a partial sum to float32: at most one unit in the last place of what was added up.
        assertEquals(sum, product.out[row * B_ROWS + column], 4 * magnitude * 0x1p-23, "row " + row + " column " + column);
      }
    }
  }

  /** Operands and result of a run: a [64, 64], b [97, 64] of which 96 rows count, out [64, 96]. */
  private record Product(float[] a, float[] b, float[] out) {}

  private static Product run(String name) {
    float[] a = random(1, A_ROWS * WIDTH);
    float[] b = random(2, (B_ROWS + 1) * WIDTH);
    float[] out = new float[A_ROWS * B_ROWS];
    try (Session session = new Session(); Arena arena = Arena.ofConfined()) {
      long deviceA = session.upload(halves(arena, a));
      long deviceB = session.upload(halves(arena, b));
      long deviceOut = session.driver.allocate(4L * out.length);
      try {
        MemorySegment arguments = arena.allocate(5 * 64, 64);
        MemorySegment.copy(session.driver.encodeTensorMap(map(deviceA, A_ROWS, A_ROWS)), 0, arguments, 0, TENSOR_MAP_BYTES);
        MemorySegment.copy(session.driver.encodeTensorMap(map(deviceB, B_ROWS + 1, B_ROWS)), 0, arguments, TENSOR_MAP_BYTES, TENSOR_MAP_BYTES);
        arguments.set(ValueLayout.JAVA_LONG, 2 * TENSOR_MAP_BYTES, deviceOut);
        session.launch(PREFIX + name, 1, THREADS, SHARED_BYTES, arguments);
        MemorySegment host = arena.allocate(4L * out.length, 4);
        session.download(deviceOut, host);
        MemorySegment.copy(host, ValueLayout.JAVA_FLOAT, 0, out, 0, out.length);
      } finally {
        session.driver.free(deviceOut);
        session.driver.free(deviceB);
        session.driver.free(deviceA);
      }
    }
    return new Product(a, b, out);
  }

  private static TensorMap map(long address, int rows, int boxRows) {
    return new TensorMap(
        address, Element.F16, new long[] {WIDTH, 1, rows}, new long[] {2 * WIDTH, 2 * WIDTH}, new int[] {WIDTH, 1, boxRows},
        Swizzle.BYTES_128);
  }

  /** Values that float16 holds. */
  private static float[] random(long seed, int count) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = Float.float16ToFloat(Float.floatToFloat16((float) random.nextGaussian()));
    }
    return values;
  }

  private static MemorySegment halves(Arena arena, float[] values) {
    MemorySegment memory = arena.allocate(2L * values.length, 16);
    for (int i = 0; i < values.length; i++) {
      memory.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(values[i]));
    }
    return memory;
  }

  /**
   * A tensor map that must be refused.
   *
   * @param offset of the address from a multiple of 256
   */
  private record Refused(String what, int offset, Element element, long[] extents, long[] strides, int[] box, Swizzle swizzle) {
    @Override
    public String toString() {
      return what;
    }
  }

  static List<Refused> refusedMaps() {
    long[] extents = {72, 6, 10};
    long[] strides = {144, 864};
    int[] box = {16, 1, 96};
    return List.of(
        new Refused("expected a multiple of 16", 8, Element.F16, extents, strides, box, Swizzle.BYTES_32),
        new Refused("extent 0 of axis 1", 0, Element.F16, new long[] {72, 0, 10}, strides, box, Swizzle.BYTES_32),
        new Refused("stride of 152 bytes of axis 1", 0, Element.F16, extents, new long[] {152, 864}, box, Swizzle.BYTES_32),
        new Refused("stride of 128 bytes of axis 1", 0, Element.F16, extents, new long[] {128, 896}, box, Swizzle.BYTES_32),
        new Refused("stride of 880 bytes of axis 2", 0, Element.F16, extents, new long[] {144, 880}, box, Swizzle.BYTES_32),
        new Refused("box of 257 along axis 2", 0, Element.F16, extents, strides, new int[] {16, 1, 257}, Swizzle.BYTES_32),
        new Refused("box rows of 24 bytes", 0, Element.F16, extents, strides, new int[] {12, 1, 96}, Swizzle.NONE),
        new Refused("box rows of 64 bytes", 0, Element.F16, extents, strides, new int[] {32, 1, 96}, Swizzle.BYTES_32),
        new Refused("box rows of 24 bytes", 0, Element.BYTES, extents, strides, new int[] {24, 1, 96}, Swizzle.NONE),
        new Refused("stride of 144 bytes of axis 1", 0, Element.BYTES, new long[] {145, 6, 10}, strides, box, Swizzle.NONE));
  }

  @ParameterizedTest
  @MethodSource("refusedMaps")
  void tensorMapIsRefused(Refused refused) {
    try (Session session = new Session()) {
      long address = session.driver.allocate(10 * 864);
      TensorMap map = new TensorMap(address + refused.offset, refused.element, refused.extents, refused.strides, refused.box, refused.swizzle);
      CudaException report = assertThrows(CudaException.class, () -> session.driver.encodeTensorMap(map));
      session.driver.free(address);
      assertTrue(report.getMessage().contains(refused.what), report::getMessage);
    }
  }
}
