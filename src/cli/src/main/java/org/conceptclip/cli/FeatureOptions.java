package org.conceptclip.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.data.Npy;
import org.conceptclip.probe.FeatureRows;
import org.conceptclip.probe.FeatureSource;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.CacheFolder;
import org.conceptclip.util.OneLine;
import org.conceptclip.weights.StrictJson;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Options of commands that work on features of images: read from a file, or computed from images. */
final class FeatureOptions {
  private static final int LARGEST_SIDECAR = 1 << 16;

  @Parameters(arity = "0..*", paramLabel = "IMAGE", description = "images, folders and patterns, as classify takes them")
  private List<Path> images = List.of();

  @Option(names = {"-r", "--recursive"}, description = "also take the pictures in folders of folders")
  private boolean recursive;

  @Option(names = "--features", paramLabel = "F.npy", description = "features [items, features] in a .npy file, instead of images")
  private Path features;

  @Option(
      names = "--model-id",
      paramLabel = "ID",
      description = "fingerprint of the model that made the features of --features (default: what F.npy.json beside it says, if"
          + " it is there)")
  private String modelId;

  @Option(names = "--data", paramLabel = "FILE", description = "table (.csv, .tsv, .jsonl) that names the images, relative to itself")
  private Path data;

  @Option(names = "--image-column", paramLabel = "NAME", defaultValue = "image",
      description = "column of images in a table (default: ${DEFAULT-VALUE})")
  private String imageColumn;

  @Option(names = "--cache", paramLabel = "DIR",
      description = "folder where features of images are kept for later runs (default: features in the folder of caches, see doctor)")
  private Path cache;

  @Option(names = "--no-cache", description = "neither read nor keep features")
  private boolean noCache;

  @Mixin private ModelOptions model;

  @Mixin private BackendOptions backend;

  @Mixin private ImageOptions imageOptions;

  /** Features of a file, and what is known about their origin. */
  record OfFile(FeatureRows rows, FeatureSource source) {}

  /** Rejects what does not go together: there is one kind of input. */
  void requireOne() {
    int kinds = (images.isEmpty() ? 0 : 1) + (features == null ? 0 : 1) + (data == null ? 0 : 1);
    if (kinds != 1) {
      throw new UsageException(kinds == 0 ? "missing: IMAGE..., --data FILE or --features F.npy"
          : "IMAGE..., --data and --features: expected one of them");
    }
    if (modelId != null && features == null) {
      throw new UsageException("--model-id " + OneLine.of(modelId) + ": only features of --features have one");
    }
    if (cache != null && noCache) {
      throw new UsageException("--cache and --no-cache: expected one of them");
    }
  }

  boolean areOfFile() {
    return features != null;
  }

  /** The file of features, for messages. */
  String fileName() {
    return Names.readable(features);
  }

  String imageColumn() {
    return imageColumn;
  }

  /** The table that names the images; null if they were named one by one. */
  Path dataOrNull() {
    return data;
  }

  ModelOptions model() {
    return model;
  }

  BackendOptions backend() {
    return backend;
  }

  ImageOptions images() {
    return imageOptions;
  }

  /** Reads the file of features. */
  OfFile read() {
    FeatureRows rows = FeatureRows.of(fileName(), Npy.read(features));
    return new OfFile(rows, modelId == null ? sidecar() : new FeatureSource(modelId, modelId, FeatureSource.UNKNOWN));
  }

  /** What {@code F.npy.json} says about the origin of features: an object with the texts model, model_name and preprocessing. */
  private FeatureSource sidecar() {
    Path file = features.resolveSibling(features.getFileName() + ".json");
    String name = Names.readable(file);
    try {
      byte[] bytes;
      try (var in = Files.newInputStream(file)) {
        bytes = in.readNBytes(LARGEST_SIDECAR);
      }
      JsonElement json = StrictJson.parse(new String(bytes, StandardCharsets.UTF_8));
      if (json instanceof JsonObject object && object.has("model")) {
        return new FeatureSource(text(name, object, "model"), object.has("model_name") ? text(name, object, "model_name")
            : text(name, object, "model"), object.has("preprocessing") ? text(name, object, "preprocessing") : FeatureSource.UNKNOWN);
      }
      throw new BadInputException(name + ": expected an object with the fingerprint of the features' model under \"model\"");
    } catch (NoSuchFileException e) {
      return FeatureSource.OF_A_FILE;
    } catch (IOException | JsonParseException e) {
      throw new BadInputException(name + ": cannot be read (" + OneLine.of(e.getMessage()) + "), expected JSON about " + fileName(), e);
    }
  }

  private static String text(String file, JsonObject object, String key) {
    if (object.get(key).isJsonPrimitive() && !object.get(key).getAsString().isBlank()) {
      return object.get(key).getAsString();
    }
    throw new BadInputException(file + ": " + key + " is no text, expected one");
  }

  /** The images that were named one by one. */
  Pictures pictures(Context context, Consumer<String> report) {
    return new Pictures(recursive, new Stdin(context.console().in()), report).named(images);
  }

  /** The images of {@link #dataOrNull}, by names relative to it. */
  Iterator<ImageInput> listed(List<String> names) {
    return names.stream().map(name -> Pictures.ofTable(data, name)).toList().iterator();
  }

  /** The folder of the cache; null if features are not to be kept, or the user has no place for them. */
  Path cacheOrNull(Console console) {
    if (noCache || cache != null) {
      return cache;
    }
    try {
      return CacheFolder.privateFolder("features");
    } catch (IOException e) {
      console.say("features are not kept for later runs: " + OneLine.of(e.getMessage()) + "; --cache DIR names a place");
      return null;
    }
  }
}
