package org.conceptclip.backend.cuda;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.CountingBackend;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.ModelIdentity;
import org.conceptclip.backend.PassLimits;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.DeviceProperties;
import org.conceptclip.backend.cuda.driver.KernelIndex;
import org.conceptclip.op.WeightStore;
import org.conceptclip.util.Closer;

/**
 * Computes on a CUDA device, stores float16 and sums in float32, with the kernels of {@code kernels/}; matrix products are those of
 * cuBLASLt or our own, see {@link ProductChoice}.
 *
 * <p>Owns its driver and the lanes (streams with their memory) that executions take turns on. Executions may be opened by several
 * threads. After a {@link DeviceException} of kind LOST every later call fails at once with the first failure as its cause; only
 * closing works.
 */
public final class CudaBackend extends CountingBackend {
  /** One lane computes while the other one is filled or its results are read. Idle lanes beyond this number are closed. */
  private static final int LANES = 2;

  /** Images per pass: 3.4 GB of buffers at full size, and rows enough to fill the multiprocessors of the largest devices. */
  private static final int IMAGES_PER_PASS = 128;

  private static final int TOKENS_PER_PASS = 32 << 10;

  private final String name;
  private final CudaDriver driver;
  private final FailureCounter failures;
  private final CudaOptions options;
  private final KernelIndex kernels;
  private final ProductChoice choice;
  private final ProductPlan plan;
  private final AttentionChoice attention;
  private final ResidualRanges ranges = new ResidualRanges();
  private final ComputeOrder order;
  private final ArrayDeque<Lane> idleLanes = new ArrayDeque<>();

  /**
   * A backend on this driver, which it owns from now on.
   *
   * @param name as on the command line: {@code cuda}, {@code emulated}
   * @throws BackendUnavailableException if the machine, or this build, lacks the engine that the options ask for, or the device
   *     has no products of 8 bits and the options ask for fp8; then the driver is still the caller's
   */
  public CudaBackend(String name, CudaDriver driver, CudaOptions options) {
    super("CUDA backend");
    this.name = name;
    this.failures = new FailureCounter(driver);
    this.driver = failures.counted();
    this.kernels = KernelIndex.forCapability(driver.device().capability());
    if (options.calibration().isPresent()) {
      CodedProducts.requireDevice(driver, kernels);
    }
    this.choice = ProductChoice.of(options.gemm(), options.table(), driver, kernels);
    this.attention = AttentionChoice.of(options.attention(), options.table(), driver);
    this.plan = new ProductPlan(kernels, driver.device().multiprocessors());
    this.order = new ComputeOrder(this.driver);
    this.options = options;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Precision precision() {
    return options.precision();
  }

  @Override
  public String description() {
    DeviceProperties device = driver.device();
    return device.describe() + ", driver CUDA " + device.driverVersion() / 1000 + "." + device.driverVersion() % 1000 / 10
        + ", " + precision().label()
        + options.calibration().map(scales -> " in " + scales.fp8Products() + " products, by own kernels").orElse("")
        + ", residual stream " + options.residualType() + ", attention: " + attention.describe()
        + ", products: " + choice.describe();
  }

  @Override
  public PassLimits passLimits() {
    return new PassLimits(IMAGES_PER_PASS, TOKENS_PER_PASS, true);
  }

  @Override
  public int lanes() {
    return LANES;
  }

  @Override
  public void requireHeadWidth(int headWidth) {
    Set<Integer> compiled = AttentionPlan.headWidths(kernels);
    if (!compiled.contains(headWidth)) {
      throw new BackendUnavailableException("backend " + name + ": the model's attention heads are " + headWidth
          + " wide, the kernels are compiled for " + compiled);
    }
  }

  @Override
  public void requireModel(ModelIdentity model) {
    options.calibration().ifPresent(scales -> scales.requireModel(model));
  }

  @Override
  public Map<String, Float> residualRanges() {
    return ranges.largest();
  }

  @Override
  protected WeightStore newWeightStore(Runnable onClose) {
    return new CudaWeightStore(driver, product -> options.calibration().flatMap(scales -> scales.inputScale(product)), onClose);
  }

  @Override
  protected Execution newExecution() {
    Lane idle = idleLanes.pollLast();
    Closer opened = new Closer();
    Lane lane = opened.own(idle != null ? idle : new Lane(driver, order));
    CudaWorkspace workspace = new CudaWorkspace(lane, options.residualType());
    try {
      ResidualRanges.Slots slots = options.checkRange() ? ranges.new Slots(lane.recorder, workspace) : null;
      long failuresBefore = failures.failures();
      Products products = new Products(choice, plan, kernels, lane);
      return execution(new CudaOps(lane, kernels, products, attention, slots), workspace, () -> giveBack(lane, slots, failuresBefore));
    } catch (RuntimeException failure) {
      opened.closeAfter(failure);
      throw failure;
    }
  }

  private void giveBack(Lane lane, ResidualRanges.Slots slotsOrNull, long failuresBefore) {
    try {
      if (slotsOrNull != null && failures.failures() == failuresBefore) {
        slotsOrNull.collect();
      }
    } finally {
      // Failures of other lanes count as well: they are rare, and a new lane is cheap.
      giveBack(lane, failures.failures() == failuresBefore);
    }
  }

  private synchronized void giveBack(Lane lane, boolean usable) {
    List<AutoCloseable> dropped = new ArrayList<>();
    if (usable) {
      Closer returned = new Closer();
      returned.own(lane);
      try {
        lane.settle();
        idleLanes.addLast(lane);
      } catch (RuntimeException failure) {
        returned.closeAfter(failure);
        throw failure;
      }
      while (idleLanes.size() > LANES) {
        dropped.add(idleLanes.pollFirst());
      }
    } else {
      // A lane in an unknown state is not reused. The memory of idle lanes is released too: it may be what was missing.
      dropped.add(lane);
      dropped.addAll(idleLanes);
      idleLanes.clear();
    }
    Closer.closeAll(dropped);
  }

  /** Device memory in use, weights and buffers. */
  long deviceBytes() {
    return driver.allocatedBytes();
  }

  @Override
  public synchronized Optional<String> memoryPlan() {
    return Optional.of(String.join("\n\n", idleLanes.stream().map(lane -> lane.arena.describePlan()).toList()));
  }

  @Override
  protected void release() {
    List<AutoCloseable> owned = new ArrayList<>(idleLanes);
    owned.add(driver);
    idleLanes.clear();
    Closer.closeAll(owned);
  }
}
