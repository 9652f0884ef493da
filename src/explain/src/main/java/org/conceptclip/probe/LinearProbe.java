package org.conceptclip.probe;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.util.FileNames;
import org.conceptclip.util.OneLine;
import org.conceptclip.weights.SafetensorsFile;
import org.conceptclip.weights.SafetensorsWriter;
import org.conceptclip.weights.TensorInfo;
import org.conceptclip.weights.TensorLoan;

/**
 * A linear probe in a file: what turns features of one model into probabilities of classes. For research; not a medical device.
 *
 * <p>The file is one safetensors. Tensors, all F64: {@code weight} [1 or classes, features], {@code intercept} [1 or classes] and, if the
 * weights are those of standardised features, {@code mean} and {@code scale} [features]. Two classes have one row, the log-odds of the
 * second. Its metadata are described in docs/probes.md; the same training gives the same bytes. Immutable and
 * thread-safe.
 */
public final class LinearProbe {
  private static final String EXPECTED = "a linear probe, as probe train writes it";

  private final double[][] weights;
  private final double[] intercepts;
  private final FeatureScale scaleOrNull;
  private final ProbeFacts facts;
  private final LinearModel model;

  /**
   * @param weights [1 or classes][features]
   * @param intercepts [1 or classes]
   * @param scaleOrNull if the weights are those of standardised features
   * @throws IllegalArgumentException if the shapes do not fit together or to the number of classes
   */
  public LinearProbe(double[][] weights, double[] intercepts, FeatureScale scaleOrNull, ProbeFacts facts) {
    if (weights.length != ClassLoss.outputs(facts.classes().size()) || intercepts.length != weights.length) {
      throw new IllegalArgumentException(weights.length + " rows and " + intercepts.length + " intercepts for " + facts.classes().size()
          + " classes");
    }
    this.weights = weights;
    this.intercepts = intercepts;
    this.scaleOrNull = scaleOrNull;
    this.facts = facts;
    this.model = LinearModel.of(weights, intercepts, scaleOrNull);
  }

  /** Where it comes from. */
  public ProbeFacts facts() {
    return facts;
  }

  /** This probe with one more fact about its training. */
  public LinearProbe with(String key, String value) {
    Map<String, String> training = new LinkedHashMap<>(facts.training());
    training.put(key, value);
    return new LinearProbe(weights, intercepts, scaleOrNull, new ProbeFacts(facts.classes(), facts.source(), training));
  }

  /** Number of features of an item. */
  public int features() {
    return weights[0].length;
  }

  /** The probabilities [items][classes] of items, in the order of {@link ProbeFacts#classes}. */
  public double[][] probabilities(FeatureRows rows) {
    if (rows.columns() != features()) {
      throw new BadInputException(
          "features of " + rows.columns() + " columns, expected " + features() + ", which the probe was trained on");
    }
    double[][] probabilities = new double[rows.rows()][];
    new LinearScores(rows, model.outputs()).scan(model.weights(), model.intercepts(), (first, count, scores, stride) -> {
      for (int i = 0; i < count; i++) {
        probabilities[first + i] = model.probabilities(scores, i, stride);
      }
      return 0;
    });
    return probabilities;
  }

  /** Share of items whose label is the most probable class; of equally probable ones, the first. */
  public double accuracy(FeatureRows rows, int[] labels) {
    double right = new LinearScores(rows, model.outputs()).scan(model.weights(), model.intercepts(), (first, count, scores, stride) -> {
      int found = 0;
      for (int i = 0; i < count; i++) {
        found += model.best(scores, i, stride) == labels[first + i] ? 1 : 0;
      }
      return found;
    });
    return right / rows.rows();
  }

  /**
   * Writes the file, whole or not at all.
   *
   * @throws BadInputException if it cannot be written
   */
  public void write(Path file) {
    SequencedMap<String, HostTensor> tensors = new LinkedHashMap<>();
    tensors.put("weight", HostTensor.of(Rows.flat(weights), weights.length, features()));
    tensors.put("intercept", HostTensor.of(intercepts, intercepts.length));
    if (scaleOrNull != null) {
      tensors.put("mean", HostTensor.of(scaleOrNull.mean(), features()));
      tensors.put("scale", HostTensor.of(scaleOrNull.scale(), features()));
    }
    SafetensorsWriter.write(file, tensors, facts.metadata());
  }

  /**
   * Reads and checks a file.
   *
   * @throws BadInputException if it is no probe, of a later version, or damaged
   */
  public static LinearProbe read(Path file) {
    String name = FileNames.inMessage(file);
    try (SafetensorsFile open = SafetensorsFile.open(file)) {
      ProbeFacts facts = ProbeFacts.of(name, open.metadata());
      boolean scaled = open.tensors().containsKey("mean");
      List<String> names = scaled ? List.of("weight", "intercept", "mean", "scale") : List.of("weight", "intercept");
      Map<String, TensorInfo> infos = open.tensors();
      if (infos.size() != names.size() || !infos.keySet().containsAll(names)) {
        throw new BadInputException(
            name + ": tensors " + OneLine.of(infos.keySet().toString()) + ", expected " + names + " of " + EXPECTED);
      }
      int outputs = ClassLoss.outputs(facts.classes().size());
      TensorInfo weight = infos.get("weight");
      if (weight.shape().rank() != 2 || weight.shape().extent(1) < 1 || weight.shape().extent(1) > 1 << 20) {
        throw new BadInputException(name + ": weight of shape " + weight.shape() + ", expected [" + outputs + ", features]");
      }
      long columns = weight.shape().extent(1);
      double[][] rows = Rows.split(values(name, open, "weight", outputs, columns), outputs, (int) columns);
      FeatureScale scale = scaled ? new FeatureScale(values(name, open, "mean", columns), values(name, open, "scale", columns)) : null;
      if (scaled && Arrays.stream(scale.scale()).anyMatch(one -> one <= 0)) {
        throw new BadInputException(name + ": tensor scale holds a number that is not larger than 0, expected deviations of features");
      }
      return new LinearProbe(rows, values(name, open, "intercept", outputs), scale, facts);
    }
  }

  private static double[] values(String name, SafetensorsFile open, String tensor, long... extents) {
    TensorInfo info = open.tensors().get(tensor);
    String expected = "F64 " + Arrays.toString(extents);
    if (!info.typeName().equals("F64") || !Arrays.equals(info.shape().toArray(), extents)) {
      throw new BadInputException(name + ": tensor " + tensor + " is " + OneLine.of(info.typeName()) + " " + info.shape() + ", expected "
          + expected);
    }
    if (info.shape().elements() > Integer.MAX_VALUE / Double.BYTES) {
      throw new BadInputException(name + ": tensor " + tensor + " of shape " + info.shape() + ", expected fewer elements");
    }
    try (TensorLoan loan = open.read(tensor)) {
      if (loan.tensor().firstNonFinite() >= 0) {
        throw new BadInputException(name + ": tensor " + tensor + " holds NaN or infinity, expected finite numbers");
      }
      return loan.tensor().toDoubleArray();
    }
  }
}
