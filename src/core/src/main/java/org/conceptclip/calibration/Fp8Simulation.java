package org.conceptclip.calibration;

import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.ForwardingBackend;
import org.conceptclip.backend.ModelIdentity;
import org.conceptclip.op.Epilogue;
import org.conceptclip.op.ForwardingOps;
import org.conceptclip.op.ForwardingWeightStore;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.NormWeights;
import org.conceptclip.op.Ops;
import org.conceptclip.op.WeightStore;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.ScaledRows;
import org.conceptclip.tensor.Tensor;

/**
 * What a model computes when some of its products read E4M3 codes, on any backend. It stands in front of that backend and rounds: inputs
 * of the selected products to {@code scale * code} ({@link org.conceptclip.tensor.Float8}), their weights as {@link ScaledRows} says. A
 * backend that computes in fp8 multiplies the same numbers. It differs in the order in which it adds, and everything else is float16
 * there; both are small beside three bits of mantissa.
 *
 * <p>Every weight matrix that could be selected is prepared twice, exact and rounded, so that another selection needs no other weights.
 * Thread-safe as the backend below, but the selection must not change while passes run.
 */
public final class Fp8Simulation extends ForwardingBackend {
  private final Optional<Calibration> calibration;
  private volatile Set<String> candidates = Set.of();
  private volatile Map<String, Float> selected;
  private volatile Optional<InputRanges> ranges = Optional.empty();

  private Fp8Simulation(Backend inner, Optional<Calibration> calibration, Map<String, Float> selected) {
    super(inner);
    this.calibration = calibration;
    this.selected = selected;
  }

  /** A simulation in which no product computes in E4M3 until {@link #select} says so. The caller closes {@code inner}. */
  public static Fp8Simulation of(Backend inner) {
    return new Fp8Simulation(inner, Optional.empty(), Map.of());
  }

  /** A simulation of fp8 with a calibration; it takes no other model than the calibration's. The caller closes {@code inner}. */
  public static Fp8Simulation of(Backend inner, Calibration calibration) {
    Map<String, Float> scales = new HashMap<>();
    calibration.products().keySet().forEach(name -> calibration.inputScale(name).ifPresent(scale -> scales.put(name, scale)));
    return new Fp8Simulation(inner, Optional.of(calibration), scales);
  }

  /** Sets the products that compute in E4M3 from now on, by the names of their weights, with the scales of their inputs. */
  public void select(Map<String, Float> scales) {
    selected = Map.copyOf(scales);
  }

  /** Where passes record the inputs of the products that could be selected from now on; empty for nowhere. */
  void record(Optional<InputRanges> to) {
    ranges = to;
  }

  @Override
  public void requireModel(ModelIdentity model) {
    super.requireModel(model);
    calibration.ifPresent(own -> own.requireModel(model));
    candidates = Set.copyOf(model.products());
  }

  @Override
  public String description() {
    return "fp8 simulated on " + super.description();
  }

  @Override
  public WeightStore openWeightStore() {
    return new TwiceStore(super.openWeightStore(), candidates);
  }

  @Override
  public Execution openExecution() {
    Execution execution = super.openExecution();
    return execution(execution, new RoundingOps(execution.ops(), execution.workspace(), selected, ranges), execution.workspace());
  }

  /** Does nothing: there is nothing but the backend below, which belongs to the caller. */
  @Override
  public void close() {}

  /** A product that could be selected: its weights as they are, and as codes with scales. */
  private record Twice(LinearWeights exact, LinearWeights rounded) implements LinearWeights {
    @Override
    public String name() {
      return exact.name();
    }

    @Override
    public int inputs() {
      return exact.inputs();
    }

    @Override
    public int outputs() {
      return exact.outputs();
    }

    @Override
    public boolean hasBias() {
      return exact.hasBias();
    }
  }

  private static final class TwiceStore extends ForwardingWeightStore {
    private final Set<String> candidates;

    TwiceStore(WeightStore inner, Set<String> candidates) {
      super(inner);
      this.candidates = candidates;
    }

    @Override
    public LinearWeights linear(String name, HostTensor weight, HostTensor biasOrNull) {
      LinearWeights exact = super.linear(name, weight, biasOrNull);
      if (!candidates.contains(name)) {
        return exact;
      }
      try (Arena arena = Arena.ofShared()) {
        return new Twice(exact, super.linear(name, ScaledRows.of(arena, weight).numbers(arena), biasOrNull));
      }
    }
  }

  private static final class RoundingOps extends ForwardingOps {
    private final Workspace workspace;
    private final Map<String, Float> selected;
    private final Optional<InputRanges> ranges;

    RoundingOps(Ops inner, Workspace workspace, Map<String, Float> selected, Optional<InputRanges> ranges) {
      super(inner);
      this.workspace = workspace;
      this.selected = selected;
      this.ranges = ranges;
    }

    @Override
    public void linear(Tensor x, LinearWeights weights, Epilogue epilogue, Tensor out) {
      super.linear(input(x, weights), selected(weights), epilogue, out);
    }

    @Override
    public void linearAddNorm(Tensor x, LinearWeights weights, Tensor residual, NormWeights norm, Tensor update, Tensor out) {
      super.linearAddNorm(input(x, weights), selected(weights), residual, norm, update, out);
    }

    /** What the product reads: {@code x}, or {@code x} rounded to codes if it is selected. */
    private Tensor input(Tensor x, LinearWeights weights) {
      if (!(weights instanceof Twice twice)) {
        return x;
      }
      ranges.ifPresent(all -> HostRows.read(workspace, x, values -> all.add(twice.name(), values)));
      Float scale = selected.get(twice.name());
      return scale == null ? x : HostRows.rounded(workspace, x, scale);
    }

    private LinearWeights selected(LinearWeights weights) {
      if (!(weights instanceof Twice twice)) {
        return weights;
      }
      return selected.containsKey(twice.name()) ? twice.rounded() : twice.exact();
    }
  }
}
