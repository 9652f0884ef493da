package org.conceptclip.backend.cuda.driver.nvidia;

import static org.conceptclip.backend.cuda.driver.CudaDriverContract.failure;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.AttentionCall;
import org.conceptclip.backend.cuda.driver.AttentionCall.Table;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.TestDevice;
import org.conceptclip.backend.cuda.driver.nvidia.FakeCudaChild.Lab;

/** cuDNN's binding on a stand-in: its graphs, its engines, and every call failing once. */
final class CudnnCases {
  private static final int HEADS = 2;
  private static final int HEAD_WIDTH = 8;
  private static final int WIDTH = HEADS * HEAD_WIDTH;
  private static final int NOT_SUPPORTED = 3000;
  private static final int EXECUTION_FAILED = 5000;
  private static final int NO_DEVICE_MEMORY = 4003;
  private static final int LAUNCH_FAILED = 719;

  /** A plan that cannot be made of one engine is made of the next: failures in between are no caller's. */
  private static final int MOST_CALLS_OF_AN_ATTEMPT = 10;

  private static final List<String> CALLS = List.of("cudnnCreate", "cudnnSetStream", "cudnnBackendCreateDescriptor",
      "cudnnBackendSetAttribute", "cudnnBackendFinalize", "cudnnBackendGetAttribute", "cudnnBackendExecute");

  private CudnnCases() {}

  static Map<String, Consumer<Lab>> cases() {
    Map<String, Consumer<Lab>> cases = new LinkedHashMap<>();
    cases.put("cuDNN is found, and told of", CudnnCases::found);
    cases.put("sequences of one length", CudnnCases::oneLength);
    cases.put("sequences of different lengths, with padding and empty ones", CudnnCases::ragged);
    cases.put("one engine serves all shapes of a kind", CudnnCases::oneEngine);
    cases.put("no engine is left", CudnnCases::noEngine);
    cases.put("a captured call runs with its graph", CudnnCases::captured);
    for (String call : CALLS) {
      cases.put("a failure at each " + call, lab -> sweep(lab, call, EXECUTION_FAILED, Kind.FAILED));
      cases.put("no memory at each " + call, lab -> sweep(lab, call, NO_DEVICE_MEMORY, Kind.MEMORY));
    }
    cases.put("a lost device behind a failure of cuDNN", CudnnCases::lost);
    for (String call : List.of("cudnnBackendDestroyDescriptor", "cudnnDestroy")) {
      cases.put("a failing " + call + " keeps nothing else from going", lab -> failingRelease(lab, call));
    }
    return cases;
  }

  private static void found(Lab lab) {
    try (CudaDriver driver = lab.open()) {
      assertEquals(Optional.of("cuDNN 9.19.0"), driver.attentionLibrary());
    }
    Map<String, String> facts = CudaLibraries.describe(Optional.empty());
    assertEquals("our own kernels or cuDNN", facts.get("attention"), facts.toString());
    assertTrue(facts.get("libcudnn_graph.so.9").contains("with-cudnn/libcudnn_graph.so.9"), facts.toString());
    assertEquals(1, FakeCudaCases.mapped("libcudnn_graph.so.9").size());
    assertEquals(List.of(), lab.notices);
  }

  private static void oneLength(Lab lab) {
    try (CudaDriver driver = lab.open(); TestDevice device = new TestDevice(driver)) {
      float[] qkv = values(6, 3 * WIDTH);
      long to = device.block(6 * WIDTH * Short.BYTES);
      driver.attention(call(driver, device, 2, device.halves(qkv), to), device.stream);
      requireClose(device.readHalves(to, 6 * WIDTH), attended(qkv, new int[] {0, 3}, new int[] {3, 3}, new int[] {3, 3}));
    }
  }

  /** Rows 0 to 2 with two keys, none, row 3, none to the end. */
  private static void ragged(Lab lab) {
    try (CudaDriver driver = lab.open(); TestDevice device = new TestDevice(driver)) {
      float[] qkv = values(4, 3 * WIDTH);
      long to = device.block(4 * WIDTH * Short.BYTES);
      AttentionCall.Shape shape = new AttentionCall.Shape(4, 64, HEADS, HEAD_WIDTH, 3 * WIDTH, WIDTH);
      long tables = tables(driver, device, shape, new int[] {3, 0, 1, 0}, new int[] {2, 0, 1, 0}, new int[] {0, 3, 3, 4, 4});
      driver.attention(new AttentionCall(shape, device.halves(qkv), to, tables), device.stream);
      requireClose(device.readHalves(to, 4 * WIDTH), attended(qkv, new int[] {0, 3}, new int[] {3, 1}, new int[] {2, 1}));
    }
  }

  /** Heuristics are asked once: a second shape of the kind, and one that was known, ask nothing. */
  private static void oneEngine(Lab lab) {
    try (CudaDriver driver = lab.open(); TestDevice device = new TestDevice(driver)) {
      attend(driver, device, 1);
      // From here on a heuristic's answer would be refused.
      lab.fakes.fail("cudnnBackendGetAttribute", 2, EXECUTION_FAILED);
      attend(driver, device, 2);
      attend(driver, device, 1);
    }
    lab.fakes.reset();
  }

  private static void noEngine(Lab lab) {
    try (CudaDriver driver = lab.open(); TestDevice device = new TestDevice(driver)) {
      // The tensors, the operation, the graph, the heuristic, then engine, knob, configuration and plan of the two that may be tried.
      lab.fakes.fail("cudnnBackendFinalize", 20, NOT_SUPPORTED);
      String message = failure(Kind.FAILED, () -> attend(driver, device, 1));
      assertTrue(message.contains("no engine computes") && message.contains("engine 7: ") && message.contains("engine 9: "), message);
      attend(driver, device, 1);
    }
  }

  private static void captured(Lab lab) {
    try (CudaDriver driver = lab.open(); TestDevice device = new TestDevice(driver)) {
      float[] qkv = values(3, 3 * WIDTH);
      long from = device.halves(qkv);
      long to = device.block(3 * WIDTH * Short.BYTES);
      AttentionCall call = call(driver, device, 1, from, to);
      driver.attention(call, device.stream);
      float[] directly = device.readHalves(to, 3 * WIDTH);
      driver.fill(to, (byte) 0xff, 3 * WIDTH * Short.BYTES, device.stream);
      driver.beginCapture(device.stream);
      driver.attention(call, device.stream);
      long graph = driver.endCapture(device.stream);
      driver.launchGraph(graph, device.stream);
      assertArrayEquals(directly, device.readHalves(to, 3 * WIDTH));
      driver.destroyGraph(graph);
    }
  }

  private static void lost(Lab lab) {
    try (CudaDriver driver = lab.open()) {
      TestDevice device = new TestDevice(driver);
      attend(driver, device, 1);
      lab.fakes.fail("cudnnBackendExecute", 1, EXECUTION_FAILED);
      lab.fakes.fail("cuMemGetInfo_v2", 1, LAUNCH_FAILED);
      CudaException failure = assertThrows(CudaException.class, () -> attend(driver, device, 1));
      assertEquals(Kind.LOST, failure.kind(), failure.getMessage());
      assertTrue(failure.getMessage().contains("after cudnnBackendExecute: CUDNN_STATUS_EXECUTION_FAILED"), failure.getMessage());
      device.close();
    }
  }

  /** Fails the first, the second, ... call of a function until there is none left to fail; whatever failed, the next call gets through. */
  private static void sweep(Lab lab, String call, int status, Kind kind) {
    int failures = 0;
    int absorbed = 0;
    for (int nth = 1; absorbed <= MOST_CALLS_OF_AN_ATTEMPT; nth++) {
      lab.fakes.reset();
      lab.fakes.fail(call, nth, status);
      int before = lab.fakes.living();
      boolean failed = false;
      try (CudaDriver driver = lab.open(); TestDevice device = new TestDevice(driver)) {
        try {
          attend(driver, device, 1);
        } catch (CudaException e) {
          assertEquals(kind, e.kind(), e.getMessage());
          failed = true;
          attend(driver, device, 1);
        }
      }
      assertEquals(before, lab.fakes.living(), "native objects left after call " + nth);
      lab.fakes.reset();
      failures += failed ? 1 : 0;
      absorbed = failed ? 0 : absorbed + 1;
    }
    assertTrue(failures > 0, call + " never failed a caller");
  }

  private static void failingRelease(Lab lab, String call) {
    int before = lab.fakes.living();
    CudaDriver driver = lab.open();
    try (TestDevice device = new TestDevice(driver)) {
      attend(driver, device, 1);
      attend(driver, device, 2);
    }
    lab.fakes.fail(call, 1, EXECUTION_FAILED);
    CudaException failure = assertThrows(CudaException.class, driver::close);
    assertTrue(failure.getMessage().startsWith(call), failure.getMessage());
    // What failed to go is all that is left.
    assertEquals(1, lab.fakes.living() - before, "native objects left");
    lab.fakes.count(-1);
  }

  private static void attend(CudaDriver driver, TestDevice device, int sequences) {
    long from = device.halves(values(3 * sequences, 3 * WIDTH));
    long to = device.block(3L * sequences * WIDTH * Short.BYTES);
    driver.attention(call(driver, device, sequences, from, to), device.stream);
    driver.synchronize(device.stream);
  }

  /** Attention of so many sequences of three rows. */
  private static AttentionCall call(CudaDriver driver, TestDevice device, int sequences, long from, long to) {
    AttentionCall.Shape shape = new AttentionCall.Shape(sequences, 64, HEADS, HEAD_WIDTH, 3 * WIDTH, WIDTH);
    int[] rows = new int[sequences];
    Arrays.fill(rows, 3);
    int[] starts = new int[sequences + 1];
    Arrays.setAll(starts, s -> 3 * s);
    return new AttentionCall(shape, from, to, tables(driver, device, shape, rows, rows, starts));
  }

  private static long tables(CudaDriver driver, TestDevice device, AttentionCall.Shape shape, int[] rows, int[] keys, int[] starts) {
    long address = device.block(shape.tableBytes());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment tables = arena.allocate(shape.tableBytes(), 4);
      for (int s = 0; s < starts.length; s++) {
        put(tables, shape, Table.QKV_OFFSETS, s, starts[s] * 3 * WIDTH);
        put(tables, shape, Table.OUT_OFFSETS, s, starts[s] * WIDTH);
        if (s < rows.length) {
          put(tables, shape, Table.ROWS, s, rows[s]);
          put(tables, shape, Table.KEYS, s, keys[s]);
        }
      }
      driver.copyToDevice(address, tables, device.stream);
      driver.synchronize(device.stream);
    }
    return address;
  }

  private static void put(MemorySegment tables, AttentionCall.Shape shape, Table table, int entry, int value) {
    tables.set(ValueLayout.JAVA_INT, shape.tableOffset(table) + (long) entry * Integer.BYTES, value);
  }

  private static float[] values(int rows, int columns) {
    Random random = new Random(rows);
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.float16ToFloat(Float.floatToFloat16((float) random.nextGaussian()));
    }
    return values;
  }

  /** Attention in float64. */
  private static double[] attended(float[] qkv, int[] starts, int[] rows, int[] keys) {
    double[] out = new double[qkv.length / 3];
    for (int s = 0; s < starts.length; s++) {
      for (int row = starts[s]; row < starts[s] + rows[s]; row++) {
        for (int head = 0; head < HEADS; head++) {
          attend(qkv, starts[s], keys[s], row, head * HEAD_WIDTH, out);
        }
      }
    }
    return out;
  }

  private static void attend(float[] qkv, int firstKey, int keys, int row, int column, double[] out) {
    double[] weights = new double[keys];
    double total = 0;
    for (int j = 0; j < keys; j++) {
      double score = 0;
      for (int i = column; i < column + HEAD_WIDTH; i++) {
        score += (double) qkv[row * 3 * WIDTH + i] * qkv[(firstKey + j) * 3 * WIDTH + WIDTH + i];
      }
      weights[j] = Math.exp(score / Math.sqrt(HEAD_WIDTH));
      total += weights[j];
    }
    for (int i = column; i < column + HEAD_WIDTH; i++) {
      for (int j = 0; j < keys; j++) {
        out[row * WIDTH + i] += weights[j] / total * qkv[(firstKey + j) * 3 * WIDTH + 2 * WIDTH + i];
      }
    }
  }

  /** Weights and results are rounded to float16, by 2^-11 each, of values below 4. */
  private static void requireClose(float[] found, double[] expected) {
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], found[i], 2 * 4 * 0x1p-11, "element " + i);
    }
  }
}
