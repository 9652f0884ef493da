package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import org.conceptclip.backend.Backend;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.model.Scalars;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.util.Closer;
import org.conceptclip.weights.SafetensorsWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code forward}: runs the whole model on tensors and writes every output to a file. */
@Command(
    name = "forward",
    description = "Runs the whole model on tensors of a safetensors file and writes every output to another.",
    sortOptions = false,
    footer = {
      "",
      "Reads pixel_values F32 [B, 3, size, size] or pixels_u8 U8 [B, size, size, 3], and / or input_ids I64 [B, L] (0 = padding).",
      "Writes F32: image_features, image_features_raw, image_token_features, text_features, text_features_raw,",
      "text_token_features, logits_per_image and the four scalars, as far as the inputs allow."
    })
final class ForwardCommand implements Callable<Integer> {
  private static final double LARGEST_HALF = 65504;

  private final Context context;

  @Option(names = "--in", required = true, paramLabel = "X.safetensors", description = "input tensors")
  private Path source;

  @Option(names = "--out", required = true, paramLabel = "Y.safetensors", description = "output tensors")
  private Path target;

  @Mixin private ModelOptions model;

  @Mixin private BackendOptions backend;

  @Option(
      names = "--check-range",
      description = "also print the largest residual sum in front of each norm, compared with the limit of fp16 (cuda, emulated)")
  private boolean checkRange;

  @Option(names = "--memory-plan", description = "also list the buffers in device memory and their addresses (cuda, emulated)")
  private boolean memoryPlan;

  ForwardCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    try (Closer resources = new Closer()) {
      OpenModel open = resources.own(model.open(context.console()));
      ForwardInputs inputs = ForwardInputs.read(source, resources, open.config(), context.console());
      Backend started = resources.own(backend.open(context, checkRange));
      Encoder encoder = resources.own(open.load(started, context.console()::say));
      if (memoryPlan && started.memoryPlan().isEmpty()) {
        throw new UsageException("--memory-plan: the " + started.name() + " backend has no device memory, expected cuda or emulated");
      }
      SequencedMap<String, HostTensor> outputs = outputs(encoder, inputs);
      SafetensorsWriter.write(target, outputs);
      context.console().say("wrote " + outputs.size() + " tensors to " + target + " (model " + open.name() + ", backend "
          + started.name() + ", " + started.precision().label() + ")");
      sayRanges(started.residualRanges());
      if (memoryPlan) {
        started.memoryPlan().orElseThrow().lines().forEach(context.console()::say);
      }
    }
    return ExitCode.DONE;
  }

  /** The largest residual sums by norm: they decide whether float16 can hold the residual stream of a model. */
  private void sayRanges(Map<String, Float> largest) {
    if (largest.isEmpty()) {
      return;
    }
    context.console().say("largest absolute residual sum in front of each norm; float16 ends at 65504");
    int width = largest.keySet().stream().mapToInt(String::length).max().orElseThrow();
    largest.forEach((norm, value) -> context.console().say(String.format(
        Locale.ROOT, "%-" + width + "s %12.4g  %9.4f %% of the range", norm, value, 100 * value / LARGEST_HALF)));
  }

  private static SequencedMap<String, HostTensor> outputs(Encoder encoder, ForwardInputs inputs) {
    SequencedMap<String, HostTensor> outputs = new LinkedHashMap<>();
    Encoding images = inputs.pixelsOrNull() == null ? null : encoder.encodeImages(inputs.pixelsOrNull(), Detail.TOKENS);
    Encoding texts = inputs.idsOrNull() == null ? null : encoder.encodePaddedTexts(inputs.idsOrNull(), Detail.TOKENS);
    put(outputs, "image", images);
    put(outputs, "text", texts);
    Scalars scalars = encoder.scalars();
    if (images != null && texts != null) {
      outputs.put("logits_per_image", logits(images.features(), texts.features(), scalars.logitScale()));
    }
    outputs.put("logit_scale", scalar(scalars.logitScale()));
    outputs.put("logit_bias", scalar(scalars.logitBias()));
    outputs.put("concept_logit_scale", scalar(scalars.conceptLogitScale()));
    outputs.put("concept_logit_bias", scalar(scalars.conceptLogitBias()));
    return outputs;
  }

  private static void put(SequencedMap<String, HostTensor> outputs, String kind, Encoding encodingOrNull) {
    if (encodingOrNull != null) {
      HostTensor tokens = encodingOrNull.tokenFeatures();
      long items = encodingOrNull.features().rows();
      outputs.put(kind + "_features", float32(encodingOrNull.features()));
      outputs.put(kind + "_features_raw", float32(encodingOrNull.rawFeatures()));
      outputs.put(kind + "_token_features", float32(tokens.reshape(items, tokens.rows() / items, tokens.columns())));
    }
  }

  /** {@code scale * I . T}, [B, S], without the bias, as the official model's callers compute it. */
  private static HostTensor logits(HostTensor images, HostTensor texts, double scale) {
    int rows = Math.toIntExact(images.rows());
    int columns = Math.toIntExact(texts.rows());
    int width = Math.toIntExact(images.columns());
    float[] logits = new float[rows * columns];
    for (int i = 0; i < rows; i++) {
      for (int t = 0; t < columns; t++) {
        double sum = 0;
        for (int c = 0; c < width; c++) {
          sum += images.getDouble((long) i * width + c) * texts.getDouble((long) t * width + c);
        }
        logits[i * columns + t] = (float) (scale * sum);
      }
    }
    return HostTensor.of(logits, rows, columns);
  }

  private static HostTensor scalar(double value) {
    return HostTensor.of(new float[] {(float) value});
  }

  private static HostTensor float32(HostTensor tensor) {
    return tensor.dtype() == DType.F32
        ? tensor
        : HostTensor.of(tensor.toFloatArray(), tensor.shape().toArray());
  }
}
