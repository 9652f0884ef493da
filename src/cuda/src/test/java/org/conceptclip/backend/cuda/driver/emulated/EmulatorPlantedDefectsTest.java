package org.conceptclip.backend.cuda.driver.emulated;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.regex.Pattern;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.emulated.EmulatorTestKernels.Session;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each check of the emulator finds the defect that was planted for it, and says kernel, block, thread and line; kernels that wait
 * as they should pass.
 */
@OnEmulator
class EmulatorPlantedDefectsTest {
  private static final String MARK = "// found here";
  private static final int FLOATS = 512;

  /**
   * A kernel of {@code native/emulator/planted}.
   *
   * @param memory floats that {@code x} has, in an allocation of its own; 0: its address is 0
   * @param block x of the block that the report must name
   * @param thread that it must name
   * @param found what it must say
   */
  private record Defect(String file, String kernel, int grid, int threads, int sharedBytes, int memory, int block, int thread, String found) {
    @Override
    public String toString() {
      return kernel;
    }
  }

  private static Defect memory(String kernel, int threads, int sharedBytes, int thread, String found) {
    return new Defect("memory.cu", kernel, 1, threads, sharedBytes, FLOATS, 0, thread, found);
  }

  private static Defect order(String kernel, int threads, int sharedBytes, int thread, String found) {
    return new Defect("order.cu", kernel, 1, threads, sharedBytes, FLOATS, 0, thread, found);
  }

  private static Defect waiting(String kernel, int threads, int thread, String found) {
    return new Defect("waiting.cu", kernel, 1, threads, 0, FLOATS, 0, thread, found);
  }

  static List<Defect> defects() {
    return List.of(
        new Defect("memory.cu", "global_read_past_end", 3, 128, 0, 300, 2, 300 - 256,
            "reads 4 bytes of global memory at 0 bytes past the end of an allocation of 1200 bytes"),
        memory("global_write_before_begin", 32, 0, 0, "writes 4 bytes of global memory at 4 bytes before an allocation of 2048 bytes"),
        new Defect("memory.cu", "global_read_of_nothing", 1, 32, 0, 0, 0, 0, "reads 4 bytes through an address of 0"),
        memory("global_vector_misaligned", 32, 0, 5, "misaligned: reads 16 bytes at byte 84 of an allocation"),
        memory("shared_write_past_view", 64, 256, 63, "writes 4 bytes at element 63 of a view of 63 elements"),
        memory("shared_view_past_launch", 32, 256, 0, "a view of 256 bytes from byte 64 of shared memory on, the launch asked for 256 bytes"),
        memory("shared_vector_misaligned", 32, 1024, 21, "misaligned: writes 8 bytes at byte 172 of shared memory"),
        memory("copy_async_misaligned", 32, 1024, 7, "misaligned: copyAsync16 writes 16 bytes at byte 120"),
        new Defect("memory.cu", "copy_async_past_end", 1, 32, 1024, 50, 0, 12, "copyAsync16 reads 16 bytes of global memory at byte 192"),
        memory("load_matrix_misaligned", 32, 640, 1, "misaligned: ldmatrix reads a row of 16 bytes at byte 72"),
        memory("shared_read_uninitialised", 64, 256, 23, "uninitialised: reads 4 bytes at byte 160 of shared memory"),
        memory("max_of_unset_memory", 32, 0, 0, "atomicMaxNonNegative on a negative value, or on memory that was never set"),
        order("read_after_write", 64, 256, 32, "race: reads 4 bytes at byte 0 of shared memory, which was written by thread 0"),
        order("write_after_read", 64, 256, 0, "race: writes 4 bytes at byte 128 of shared memory, which was read by thread 32"),
        order("write_after_many_reads", 128, 4, 0, "race: writes 4 bytes at byte 0 of shared memory, which was read by thread "),
        order("write_after_write", 64, 256, 32, "race: writes 4 bytes at byte 0 of shared memory, which was written by thread 0"),
        order("read_part_of_vector", 64, 512, 32, "race: reads 4 bytes at byte 8 of shared memory, which was written by thread 0"),
        order("shuffle_is_no_barrier", 32, 128, 31, "race: reads 4 bytes at byte 0 of shared memory, which was written by thread 0"),
        order("load_matrix_before_sync", 32, 256, 0, "written by thread 0 (native/emulator/planted/order.cu:"),
        order("copy_async_without_wait", 32, 1024, 31, "which an asynchronous copy of thread 7 (native/emulator/planted/order.cu:"),
        order("copy_async_without_barrier", 64, 1024, 32, "race: reads 4 bytes at byte 0 of shared memory, which was written by thread 0"),
        order("copy_async_over_readers", 64, 1024, 0, "race: writes 16 bytes at byte 0 of shared memory, which was read by thread "),
        order("arrival_is_no_wait", 64, 256, 32, "race: reads 4 bytes at byte 0 of shared memory, which was written by thread 0"),
        waiting("barrier_after_exit", 128, 0, "stuck: 96 threads, the first is 0, wait in syncThreads"),
        waiting("two_barriers_in_branches", 64, 32, "divergent: this thread is at syncThreads here, others are at "),
        waiting("named_barrier_too_few", 128, 64, "64 threads, the first is 64, wait in namedBarrierSync"),
        waiting("named_barrier_two_counts", 128, 64, "barrier 3 is used with 96 threads here and with 128 at "),
        waiting("shuffle_or_vote", 32, 16, "divergent: the lanes of a warp must come to the same operation, this one is at voteMask"),
        waiting("shuffle_after_exit", 64, 32, "31 threads, the first is 32, wait in shuffle"));
  }

  @ParameterizedTest
  @MethodSource("defects")
  void isFoundAndNamed(Defect defect) throws IOException {
    CudaException report = run(defect);
    assertEquals(Kind.LOST, report.kind());
    String place = "kernel " + defect.kernel + ", block (" + defect.block + ", 0, 0), thread " + defect.thread + ", native/emulator/planted/"
        + defect.file + ":" + markedLine(defect) + ": ";
    assertTrue(report.getMessage().contains(place), () -> "expected " + place + " in " + report.getMessage());
    assertTrue(report.getMessage().contains(defect.found), () -> "expected " + defect.found + " in " + report.getMessage());
  }

  private static CudaException run(Defect defect) {
    try (Session session = new Session(); Arena arena = Arena.ofConfined()) {
      long x = defect.memory == 0 ? 0 : session.upload(arena.allocate(4L * defect.memory, 4));
      long out = session.driver.allocate(4L * FLOATS);
      try {
        return assertThrows(CudaException.class, () -> session.launch(
            defect.kernel, defect.grid, defect.threads, defect.sharedBytes, EmulatorTestKernels.arguments(arena, x, out, defect.memory)));
      } finally {
        session.driver.free(out);
        if (x != 0) {
          session.driver.free(x);
        }
      }
    }
  }

  /** A freed block stays invalid, whatever is allocated later. */
  @Test
  void freedMemoryIsFound() {
    try (Session session = new Session(); Arena arena = Arena.ofConfined()) {
      long freed = session.upload(arena.allocate(4L * FLOATS, 4));
      session.driver.free(freed);
      long out = session.driver.allocate(4L * FLOATS);
      CudaException report = assertThrows(CudaException.class, () -> session.launch(
          "global_read_of_nothing", 1, 32, 0, EmulatorTestKernels.arguments(arena, freed, out, FLOATS)));
      assertTrue(report.getMessage().contains("reads 4 bytes of global memory at a freed allocation of 2048 bytes"), report::getMessage);
      session.driver.free(out);
    }
  }

  /** Every kernel in these files has an entry above: none was planted in vain. */
  @Test
  void allPlantedKernelsAreRun() throws IOException {
    Pattern kernel = Pattern.compile("^KERNEL\\((\\w+),", Pattern.MULTILINE);
    List<String> planted = new ArrayList<>();
    for (String file : List.of("memory.cu", "order.cu", "waiting.cu")) {
      String source = Files.readString(EmulatorTestKernels.SOURCES.resolve("planted").resolve(file));
      kernel.matcher(source).results().forEach(match -> planted.add(match.group(1)));
    }
    assertEquals(planted, defects().stream().map(Defect::kernel).toList());
  }

  /** A kernel of {@code native/emulator/selftest/order.cu}, and what it makes of x[i] = i. */
  private record Orderly(String kernel, int threads, int sharedBytes, float[] expected) {
    @Override
    public String toString() {
      return kernel;
    }
  }

  private static Orderly orderly(String kernel, int threads, int sharedBytes, int outputs, IntUnaryOperator expected) {
    float[] values = new float[outputs];
    for (int i = 0; i < outputs; i++) {
      values[i] = expected.applyAsInt(i);
    }
    return new Orderly(kernel, threads, sharedBytes, values);
  }

  static List<Orderly> orderlyKernels() {
    return List.of(
        orderly("handed_over_by_named_barriers", 128, 256, 128, i -> i < 64 ? 0 : 3 + 3 * (127 - i)),
        orderly("heard_through_another", 96, 4, 32, i -> 7),
        orderly("ordered_in_warp", 32, 128, 32, i -> 2 * 31),
        orderly("copied_ahead", 32, 1024, 32, i -> 2304 + 16 * (127 - i)));
  }

  @ParameterizedTest
  @MethodSource("orderlyKernels")
  void nothingIsReportedOf(Orderly kernel) {
    try (Session session = new Session(); Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(4L * FLOATS, 4);
      for (int i = 0; i < FLOATS; i++) {
        host.setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
      }
      long x = session.upload(host);
      long out = session.driver.allocate(4L * FLOATS);
      session.launch(kernel.kernel, 1, kernel.threads, kernel.sharedBytes, EmulatorTestKernels.arguments(arena, x, out, FLOATS));
      MemorySegment result = arena.allocate(4L * kernel.expected.length, 4);
      session.download(out, result);
      assertArrayEquals(kernel.expected, result.toArray(ValueLayout.JAVA_FLOAT));
      session.driver.free(out);
      session.driver.free(x);
    }
  }

  /** The first marked line from the kernel's beginning on. */
  private static int markedLine(Defect defect) throws IOException {
    List<String> lines = Files.readAllLines(EmulatorTestKernels.SOURCES.resolve("planted").resolve(defect.file));
    int line = 0;
    while (!lines.get(line).startsWith("KERNEL(" + defect.kernel + ",")) {
      line++;
    }
    while (!lines.get(line).endsWith(MARK)) {
      line++;
    }
    return line + 1;
  }
}
