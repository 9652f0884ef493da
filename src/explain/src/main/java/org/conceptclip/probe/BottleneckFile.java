package org.conceptclip.probe;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.conceptclip.report.Page;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.util.FileNames;
import org.conceptclip.util.Labelled;
import org.conceptclip.util.OneLine;
import org.conceptclip.weights.SafetensorsFile;
import org.conceptclip.weights.SafetensorsWriter;
import org.conceptclip.weights.StrictJson;
import org.conceptclip.weights.TensorInfo;
import org.conceptclip.weights.TensorLoan;

/**
 * A bottleneck as one safetensors file. Tensors: {@code weight} F64 [K, M], {@code bias} F64 [K], {@code means} and {@code deviations} F64
 * [M], and, unless similarities were given, {@code concepts} F32 [M, D]. The metadata are strings: {@code kind} (always {@value #KIND}),
 * {@code version} ({@value #VERSION}), {@code classes} and {@code concepts} (JSON arrays), {@code similarity}, {@code top_k},
 * {@code penalty}, {@code lambda}, {@code items}, {@code accuracy}, and where there are such: {@code held_out_accuracy}, {@code model}
 * (the hash of its weights), {@code model_name}, {@code preprocessing}. {@code notice} is for people.
 */
public final class BottleneckFile {
  static final String KIND = "concept-bottleneck";
  static final String VERSION = "1";
  private static final int SHOWN = 60;
  private static final Gson GSON = new Gson();

  private BottleneckFile() {}

  /**
   * Writes a file, whole or not at all.
   *
   * @throws BadInputException if it cannot be written
   */
  public static void write(Path file, Bottleneck bottleneck) {
    BottleneckLayer layer = bottleneck.layer();
    int classes = layer.classes().size();
    int concepts = layer.concepts().size();
    LinkedHashMap<String, HostTensor> tensors = new LinkedHashMap<>();
    tensors.put("weight", HostTensor.of(Rows.flat(layer.weights()), classes, concepts));
    tensors.put("bias", HostTensor.of(layer.bias(), classes));
    tensors.put("means", HostTensor.of(layer.means(), concepts));
    tensors.put("deviations", HostTensor.of(layer.deviations(), concepts));
    bottleneck.vectors().ifPresent(vectors -> tensors.put("concepts", HostTensor.ofRows(List.of(vectors))));
    SafetensorsWriter.write(file, tensors, metadata(bottleneck));
  }

  private static Map<String, String> metadata(Bottleneck bottleneck) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("kind", KIND);
    metadata.put("version", VERSION);
    metadata.put("classes", GSON.toJson(bottleneck.layer().classes()));
    metadata.put("concepts", GSON.toJson(bottleneck.layer().concepts()));
    metadata.put("similarity", bottleneck.similarity().kind().label());
    metadata.put("top_k", Integer.toString(bottleneck.similarity().topK()));
    metadata.put("penalty", bottleneck.penalty().label());
    metadata.put("lambda", Double.toString(bottleneck.lambda()));
    metadata.put("items", Long.toString(bottleneck.training().items()));
    metadata.put("accuracy", Double.toString(bottleneck.training().accuracy()));
    bottleneck.training().heldOutAccuracy().ifPresent(share -> metadata.put("held_out_accuracy", Double.toString(share)));
    bottleneck.model().ifPresent(model -> {
      metadata.put("model", model.model());
      metadata.put("model_name", model.name());
      metadata.put("preprocessing", model.preprocessing());
    });
    metadata.put("notice", Page.FOR_RESEARCH);
    return metadata;
  }

  /**
   * Reads a file.
   *
   * @throws BadInputException if there is no such file, or it is damaged, or holds something else
   */
  public static Bottleneck read(Path file) {
    try (SafetensorsFile opened = SafetensorsFile.open(file)) {
      return new Reading(FileNames.inMessage(file), opened, opened.metadata()).bottleneck();
    }
  }

  /** A file whose parts are being checked. */
  private record Reading(String name, SafetensorsFile file, Map<String, String> metadata) {
    Bottleneck bottleneck() {
      if (!KIND.equals(metadata.get("kind"))) {
        throw bad("kind " + shown("kind") + ", expected " + KIND + " (is this a file of bottleneck train?)");
      }
      if (!VERSION.equals(metadata.get("version"))) {
        throw bad("version " + shown("version") + ", expected " + VERSION);
      }
      List<String> classes = names("classes");
      List<String> concepts = names("concepts");
      BottleneckSimilarity.Kind kind = named(() -> BottleneckSimilarity.kind(text("similarity")));
      boolean given = kind == BottleneckSimilarity.Kind.GIVEN;
      requireTensors(given);
      int rows = classes.size();
      int columns = concepts.size();
      double[][] weight = Rows.split(numbers("weight", DType.F64, rows, columns), rows, columns);
      double[] deviations = numbers("deviations", DType.F64, columns);
      for (double deviation : deviations) {
        if (!(deviation > 0)) {
          throw bad("a deviation is " + deviation + ", expected more than 0");
        }
      }
      BottleneckLayer layer = named(() -> new BottleneckLayer(classes, concepts, weight, numbers("bias", DType.F64, rows),
          numbers("means", DType.F64, columns), deviations));
      return new Bottleneck(layer, given ? Optional.empty() : Optional.of(vectors(columns)), similarity(kind), penalty(), lambda(),
          given ? Optional.empty() : Optional.of(new FeatureSource(text("model"), text("model_name"), text("preprocessing"))),
          training());
    }

    private BottleneckSimilarity similarity(BottleneckSimilarity.Kind kind) {
      int topK = (int) whole("top_k", 0, Integer.MAX_VALUE);
      if (kind == BottleneckSimilarity.Kind.LOCAL ? topK < 1 : topK != 0) {
        throw bad("top_k " + topK + " for similarities of kind " + kind.label() + ", expected "
            + (kind == BottleneckSimilarity.Kind.LOCAL ? "1 or more" : "0"));
      }
      return new BottleneckSimilarity(kind, topK);
    }

    private BottleneckPenalty penalty() {
      return Labelled.find(BottleneckPenalty.class, text("penalty"))
          .orElseThrow(() -> bad("penalty " + shown("penalty") + ", expected nonnegative or l1"));
    }

    private double lambda() {
      double lambda = number("lambda");
      if (!(lambda > 0)) {
        throw bad("lambda " + shown("lambda") + ", expected more than 0");
      }
      return lambda;
    }

    private Bottleneck.Training training() {
      return new Bottleneck.Training(whole("items", 1, Long.MAX_VALUE), share("accuracy"),
          metadata.containsKey("held_out_accuracy") ? OptionalDouble.of(share("held_out_accuracy")) : OptionalDouble.empty());
    }

    private void requireTensors(boolean given) {
      Set<String> expected = new TreeSet<>(given ? Set.of("weight", "bias", "means", "deviations")
          : Set.of("weight", "bias", "means", "deviations", "concepts"));
      Set<String> found = new TreeSet<>(file.tensors().keySet());
      if (!found.equals(expected)) {
        throw bad("tensors " + OneLine.of(String.join(", ", found), 200) + ", expected " + String.join(", ", expected));
      }
    }

    private float[][] vectors(int concepts) {
      Shape shape = file.tensors().get("concepts").shape();
      if (shape.rank() != 2 || shape.toArray()[1] < 1 || shape.toArray()[1] > 1 << 20) {
        throw bad("tensor concepts is " + shape + ", expected [" + concepts + ", dimension]");
      }
      int width = (int) shape.toArray()[1];
      double[] all = numbers("concepts", DType.F32, concepts, width);
      float[][] vectors = new float[concepts][width];
      for (int i = 0; i < all.length; i++) {
        vectors[i / width][i % width] = (float) all[i];
      }
      return vectors;
    }

    private double[] numbers(String tensor, DType type, long... extents) {
      TensorInfo info = file.tensors().get(tensor);
      Shape expected = Shape.of(extents);
      if (!info.isOfKnownType() || info.dtype() != type || !info.shape().equals(expected)) {
        throw bad("tensor " + tensor + " is " + info + ", expected " + type + " " + expected);
      }
      try (TensorLoan loan = file.read(tensor)) {
        long broken = loan.tensor().firstNonFinite();
        if (broken >= 0) {
          throw bad("tensor " + tensor + ": element " + broken + " is " + loan.tensor().getDouble(broken) + ", expected finite numbers");
        }
        return loan.tensor().toDoubleArray();
      }
    }

    private List<String> names(String key) {
      try {
        if (StrictJson.parse(text(key)) instanceof JsonArray array) {
          List<String> names = new ArrayList<>();
          for (JsonElement element : array) {
            if (!element.isJsonPrimitive() || !element.getAsJsonPrimitive().isString()) {
              throw bad(key + " holds " + OneLine.of(element.toString(), SHOWN) + ", expected texts");
            }
            names.add(element.getAsString());
          }
          return names;
        }
      } catch (JsonParseException | IOException e) {
        throw new BadInputException(name + ": " + key + " " + shown(key) + " is no JSON, expected an array of texts", e);
      }
      throw bad(key + " " + shown(key) + ", expected a JSON array of texts");
    }

    private double share(String key) {
      double share = number(key);
      if (!(share >= 0 && share <= 1)) {
        throw bad(key + " " + shown(key) + ", expected a number from 0 to 1");
      }
      return share;
    }

    private double number(String key) {
      try {
        double number = Double.parseDouble(text(key));
        if (Double.isFinite(number)) {
          return number;
        }
      } catch (NumberFormatException e) {
        throw new BadInputException(name + ": " + key + " " + shown(key) + ", expected a number", e);
      }
      throw bad(key + " " + shown(key) + ", expected a finite number");
    }

    private long whole(String key, long least, long most) {
      try {
        long number = Long.parseLong(text(key));
        if (number >= least && number <= most) {
          return number;
        }
      } catch (NumberFormatException e) {
        throw new BadInputException(name + ": " + key + " " + shown(key) + ", expected a whole number", e);
      }
      throw bad(key + " " + shown(key) + ", expected " + least + " to " + most);
    }

    private String text(String key) {
      String text = metadata.get(key);
      if (text == null) {
        throw bad("no " + key + " in its metadata, expected one");
      }
      return text;
    }

    private String shown(String key) {
      return metadata.containsKey(key) ? OneLine.quoted(metadata.get(key), SHOWN) : "(none)";
    }

    /** Runs a check whose message does not know the file's name. */
    private <T> T named(Supplier<T> check) {
      try {
        return check.get();
      } catch (BadInputException | IllegalArgumentException e) {
        throw new BadInputException((e.getMessage().startsWith(name) ? "" : name + ": ") + e.getMessage(), e);
      }
    }

    private BadInputException bad(String what) {
      return new BadInputException(name + ": " + what);
    }
  }
}
