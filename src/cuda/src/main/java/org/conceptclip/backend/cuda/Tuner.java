package org.conceptclip.backend.cuda;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.KernelIndex;
import org.conceptclip.util.Closer;
import org.conceptclip.util.Nanos;

/**
 * Measures on a device which engine is the fastest for each product shape and each kind of attention, and stores what it found. Owns the
 * device while it is open. Not thread-safe.
 *
 * <p>Every shape is run by all engines in turn, as a forward pass runs it: many times in one graph, A, B, A, B, and the median counts.
 * Before that, the engines' results are compared with each other, and each engine's first rows with those that it had among other numbers
 * of rows.
 */
public final class Tuner implements AutoCloseable {
  private static final int ROUNDS = 5;

  /** Long enough for a device's clock to settle, about. */
  private static final long LONGEST_BURST_NANOS = 50_000_000;

  private static final int MOST_TIMES = 256;

  /** Runs of an item that are no rounds: of the check, of the estimate, and the one that is captured. */
  private static final int OTHER_BURSTS = 3;

  /**
   * How far results of two engines may differ, for values of at most 1; larger ones, in proportion: each rounds to float16 two times at
   * most, by 2^-11 of a value, and sums in float32 differ by much less.
   */
  private static final double TOLERANCE = 0x1p-9;

  private final CudaDriver driver;
  private final KernelIndex kernels;
  private final ProductPlan plan;
  private final long longestBurstNanos;

  /**
   * A tuner of this device, which it owns from now on.
   *
   * @throws BackendUnavailableException if there is only one engine; then the driver is still the caller's
   */
  Tuner(CudaDriver driver) {
    this(driver, LONGEST_BURST_NANOS);
  }

  /** @param longestBurstNanos of runs without a pause */
  Tuner(CudaDriver driver, long longestBurstNanos) {
    this.driver = driver;
    this.longestBurstNanos = longestBurstNanos;
    this.kernels = KernelIndex.forCapability(driver.device().capability());
    this.plan = new ProductPlan(kernels, driver.device().multiprocessors());
    if (driver.productLibrary().isEmpty()) {
      throw new BackendUnavailableException("tune: cuBLASLt is not on this machine, so there is nothing to choose: all products are"
          + " computed by this program's own kernels");
    }
    if (!ProductPlan.available(kernels)) {
      throw new BackendUnavailableException("tune: this build holds no matrix products for " + driver.device().name()
          + ", so there is nothing to choose: all products are computed by cuBLASLt");
    }
  }

  /**
   * Opens a device for tuning.
   *
   * @throws BackendUnavailableException if it cannot be opened, or offers only one engine
   */
  public static Tuner open(DeviceProvider provider, BackendRequest request) {
    Closer opened = new Closer();
    CudaDriver driver = opened.own(provider.openDriver(request));
    try {
      return new Tuner(driver);
    } catch (RuntimeException failure) {
      opened.closeAfter(failure);
      throw failure;
    }
  }

  /** One line about the device. */
  public String device() {
    return driver.device().describe();
  }

  /**
   * Measures.
   *
   * @param progress gets one line for every shape and number of rows, and for each one that is left out
   * @throws DeviceException if a call fails, or an engine computes something else than the others
   */
  public TuningTable measure(TuningPlan what, Consumer<String> progress) {
    List<TuningPlan.Item> items = what.items(AttentionChoice.open(driver));
    long end = Nanos.after(System.nanoTime(), Nanos.of(what.budget()));
    List<TuningTable.Timing> timings = new ArrayList<>();
    Map<Object, Map<String, float[]>> firstRows = new HashMap<>();
    for (int i = 0; i < items.size(); i++) {
      TuningPlan.Item item = items.get(i);
      long left = end - System.nanoTime();
      if (left <= 0) {
        progress.accept("out of time: " + (items.size() - i) + " of " + items.size() + " measurements are left out");
        break;
      }
      Map<String, float[]> first = firstRows.computeIfAbsent(item.operands(), operands -> new HashMap<>());
      timings.addAll(measured(item, left / (items.size() - i), first, progress));
    }
    return new TuningTable(TuningStore.owner(driver), timings);
  }

  private List<TuningTable.Timing> measured(
      TuningPlan.Item item, long nanos, Map<String, float[]> firstRows, Consumer<String> progress) {
    try (Trial trial = trial(item)) {
      check(item, trial, firstRows);
      Map<String, Double> micros = medians(item, trial, nanos / item.engines().size() / (ROUNDS + OTHER_BURSTS));
      List<TuningTable.Timing> timings = new ArrayList<>();
      StringBuilder line = new StringBuilder(item + ":");
      micros.forEach((engine, time) -> {
        timings.add(new TuningTable.Timing(item.subject(), item.rows(), engine, time));
        line.append(String.format(Locale.ROOT, " %s %.1f us", engine, time));
      });
      progress.accept(line.toString());
      return timings;
    } catch (DeviceException e) {
      if (e.kind() != DeviceException.Kind.MEMORY) {
        throw e;
      }
      progress.accept(item + ": left out, device memory does not hold them");
      return List.of();
    }
  }

  private Trial trial(TuningPlan.Item item) {
    return switch (item) {
      case TuningPlan.Product product -> new ProductTrial(driver, kernels, plan, product.shape(), product.rows());
      case TuningPlan.Attention attention -> new AttentionTrial(driver, kernels, plan, attention.kind(), attention.sequences());
    };
  }

  private Map<String, Double> medians(TuningPlan.Item item, Trial trial, long burstNanos) {
    Map<String, Integer> times = new HashMap<>();
    for (String engine : item.engines()) {
      long once = Math.max(1, nanos(trial, engine, 1));
      times.put(engine, Math.clamp(Math.min(burstNanos, longestBurstNanos) / once, 1, MOST_TIMES));
      // The first run of this many goes piece by piece, the second is captured; neither counts.
      trial.run(engine, times.get(engine));
      trial.run(engine, times.get(engine));
    }
    Map<String, double[]> rounds = new LinkedHashMap<>();
    for (int round = 0; round < ROUNDS; round++) {
      for (String engine : item.engines()) {
        double micros = nanos(trial, engine, times.get(engine)) / 1e3 / times.get(engine);
        rounds.computeIfAbsent(engine, key -> new double[ROUNDS])[round] = micros;
      }
    }
    Map<String, Double> medians = new LinkedHashMap<>();
    rounds.forEach((engine, samples) -> {
      Arrays.sort(samples);
      medians.put(engine, samples[ROUNDS / 2]);
    });
    return medians;
  }

  private static long nanos(Trial trial, String engine, int times) {
    long begin = System.nanoTime();
    trial.run(engine, times);
    return System.nanoTime() - begin;
  }

  private void check(TuningPlan.Item item, Trial trial, Map<String, float[]> firstRows) {
    String peer = item.engines().getFirst();
    float[] expected = trial.results(peer);
    for (String engine : item.engines()) {
      float[] found = engine.equals(peer) ? expected : trial.results(engine);
      for (int i = 0; i < found.length; i++) {
        // Not a number is no less than any limit.
        if (!(Math.abs(found[i] - expected[i]) <= TOLERANCE * Math.max(1, Math.abs(expected[i])))) {
          throw wrong(item, engine, "computes " + found[i] + " where " + peer + " computes " + expected[i]);
        }
      }
      float[] first = Arrays.copyOf(found, found.length / 2);
      float[] before = firstRows.getOrDefault(engine, first);
      int common = Math.min(before.length, first.length);
      if (!Arrays.equals(before, 0, common, first, 0, common)) {
        throw wrong(item, engine, "gives its first rows other bits than among another number of rows");
      }
      firstRows.put(engine, before);
    }
  }

  private DeviceException wrong(TuningPlan.Item item, String engine, String what) {
    return new DeviceException(DeviceException.Kind.FAILED,
        "tune: " + driver.device().name() + ": " + item + ": " + engine + " " + what, null);
  }

  /** Stores a table in the user's cache folder, where later starts on this kind of device find it. Returns the file. */
  public Path store(TuningTable table) throws IOException {
    return TuningStore.store(table, driver);
  }

  /** Writes a table to a file, for backend option {@link CudaOptions#GEMM_TABLE}. */
  public static void write(TuningTable table, Path file) throws IOException {
    TuningStore.write(table, file);
  }

  @Override
  public void close() {
    driver.close();
  }
}
