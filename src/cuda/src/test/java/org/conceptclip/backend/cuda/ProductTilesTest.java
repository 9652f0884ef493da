package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.KernelIndex;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every tile shape of our products gives the same bits, so the shape may follow the number of rows; and how it does. */
@OnEmulator
class ProductTilesTest {
  /** More rows and columns than the largest tile has, and no multiple of any. */
  private static final int ROWS = 150;

  private static final int INPUTS = 130;
  private static final int OUTPUTS = 210;

  private static final List<ProductShape.Kind> KINDS =
      Arrays.stream(ProductShape.Kind.values()).filter(kind -> !kind.beforeNorm()).toList();

  private static ProductPlan plan(int capability) {
    return new ProductPlan(KernelIndex.forCapability(capability), 132);
  }

  @TestFactory
  Stream<DynamicTest> allTilesGiveTheSameBits() {
    return Stream.of(90).flatMap(capability -> KINDS.stream()
        .map(kind -> DynamicTest.dynamicTest("sm_" + capability + " " + kind, () -> sameBits(capability, kind))));
  }

  private static void sameBits(int capability, ProductShape.Kind kind) {
    List<ProductPlan.Tile> tiles = plan(capability).tiles(kind);
    assertTrue(tiles.size() > 1, "tiles: " + tiles);
    try (CudaDriver driver = SmallModel.device(EmulatedDevice.ofCapability(capability));
        CudaWeightStore store = new CudaWeightStore(driver, () -> { });
        Lane lane = new Lane(driver, new ComputeOrder(driver))) {
      CudaWorkspace workspace = new CudaWorkspace(lane, DType.F32);
      DType type = kind == ProductShape.Kind.BIAS_F32 || kind == ProductShape.Kind.ADD_F32 ? DType.F32 : DType.F16;
      var weights = (DeviceWeights.Linear) store.linear("w", random(1, OUTPUTS, INPUTS), random(2, 1, OUTPUTS).reshape(OUTPUTS));
      var x = (DeviceTensor) workspace.buffer("x", DType.F16, ROWS, INPUTS);
      workspace.upload(random(3, ROWS, INPUTS), x);
      var out = (DeviceTensor) workspace.buffer("out", type, ROWS, OUTPUTS);
      Products products = new Products(
          ProductChoice.always(ProductEngine.OWN), plan(capability), KernelIndex.forCapability(capability), lane);
      float[] expected = null;
      for (ProductPlan.Tile tile : tiles) {
        float[] whole = results(workspace, out, () -> products.byTile(tile, x, weights, out), 0, ROWS);
        // The rows behind the first tile, alone: they lie elsewhere in it.
        int first = 70;
        DeviceTensor part = out.rows(first, ROWS - first);
        float[] apart = results(
            workspace, out, () -> products.byTile(tile, x.rows(first, ROWS - first), weights, part), first, ROWS - first);
        assertArrayEquals(Arrays.copyOfRange(whole, first * OUTPUTS, ROWS * OUTPUTS), apart, tile + ": rows apart");
        expected = expected == null ? whole : expected;
        assertArrayEquals(expected, whole, tile + " and " + tiles.getFirst());
      }
    }
  }

  private static float[] results(CudaWorkspace workspace, DeviceTensor out, Runnable product, int first, int count) {
    workspace.upload(random(4, ROWS, OUTPUTS), out);
    product.run();
    try (Arena arena = Arena.ofConfined()) {
      return workspace.download(out.rows(first, count), arena).toFloatArray();
    }
  }

  private static HostTensor random(int seed, int rows, int columns) {
    Random random = new Random(seed);
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return HostTensor.of(values, rows, columns);
  }

  /** An H200 has 132 multiprocessors: fewer and larger tiles as long as they are busy, smaller ones when they are not. */
  @Test
  void theTileFollowsTheRows() {
    ProductPlan hopper = plan(90);
    assertEquals("64x64", shape(hopper, 1, 1152));
    assertEquals("64x128", shape(hopper, 729, 1152));
    assertEquals("128x192", shape(hopper, 729, 3456));
    assertEquals("128x192", shape(hopper, 46656, 1152));
    assertEquals("128x192", shape(hopper, 46656, 4304));
  }

  private static String shape(ProductPlan plan, int rows, int outputs) {
    ProductPlan.Tile tile = plan.tile(ProductShape.Kind.BIAS_F16, rows, outputs);
    return tile.rows() + "x" + tile.columns();
  }
}
