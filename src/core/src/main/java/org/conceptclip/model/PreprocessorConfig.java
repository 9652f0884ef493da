package org.conceptclip.model;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.conceptclip.util.OneLine;

/**
 * What a model folder says of the preparation of images, against what this runtime does: convert to RGB, squash to a square
 * with bicubic interpolation, divide by 255, normalise.
 *
 * <p>Mean and deviation are honoured. Every other key must agree with this preparation, have no effect on it by name (see
 * {@link #WITHOUT_EFFECT}), or be null; a key that is not known here is refused, because it may change the pixels.
 */
final class PreprocessorConfig {
  /**
   * Keys that change no pixel: which Python class reads the file and how it returns its result, who wrote the file. The colour of a
   * margin is here because there is no margin.
   */
  private static final String[] WITHOUT_EFFECT = {
    "image_processor_type", "feature_extractor_type", "processor_class", "_processor_class", "_valid_processor_keys", "auto_map",
    "transformers_version", "_name_or_path", "_commit_hash", "return_tensors", "device", "disable_grouping", "fill_color"
  };

  private static final int BICUBIC = 3;

  private PreprocessorConfig() {}

  /** Applies a {@code preprocessor_config.json}: the configuration with its mean and deviation. {@code explicit}: it has its own. */
  static ModelConfig apply(ConfigSection s, ModelConfig config, boolean explicit) {
    VisionConfig vision = config.vision();
    List<Double> mean = confirmed(s, "image_mean", -10, vision.imageMean(), explicit);
    List<Double> std = confirmed(s, "image_std", 0, vision.imageStd(), explicit);
    check(s, vision);
    return new ModelConfig(config.name(), vision.withNormalisation(mean, std), config.text(), config.embeddingWidth());
  }

  /** Checks open_clip's {@code preprocess_cfg}, whose mean and deviation are part of the configuration already. */
  static void checkOpenClip(ConfigSection s, VisionConfig vision) {
    s.has("mean");
    s.has("std");
    check(s, vision);
  }

  private static void check(ConfigSection s, VisionConfig vision) {
    for (String step : List.of("do_resize", "do_rescale", "do_normalize", "do_convert_rgb", "default_to_square")) {
      s.requireBoolean(true, step);
    }
    s.requireBoolean(false, "do_pad");
    s.requireNumber(BICUBIC, "resample");
    s.requireNumber(1.0 / 255, "rescale_factor");
    s.requireText(List.of("bicubic"), "interpolation");
    s.requireText(List.of("squash"), "resize_mode");
    s.requireText(List.of("RGB"), "mode");
    s.requireText(List.of("channels_first"), "data_format");
    int imageSize = vision.geometry().imageSize();
    checkSize(s, "size", imageSize);
    checkCrop(s, imageSize);
    s.refuseOtherKeys(WITHOUT_EFFECT);
  }

  /** A crop to the size that images have after resizing does nothing, so it is accepted; another one is not. */
  private static void checkCrop(ConfigSection s, int imageSize) {
    checkSize(s, "crop_size", imageSize);
    // Hugging Face's classes of this name crop, to 224 x 224, unless they are told otherwise.
    Optional<String> cropping = Stream.of("image_processor_type", "feature_extractor_type")
        .flatMap(key -> s.text(key).stream()).filter(type -> type.startsWith("CLIP")).findFirst();
    if (cropping.isPresent() && !s.has("crop_size") && !s.has("do_center_crop")) {
      throw s.contradiction("do_center_crop", "absent", "false, because " + OneLine.of(cropping.get()) + " crops to 224 x 224 by default");
    }
    if (!s.has("crop_size")) {
      s.requireBoolean(false, "do_center_crop");
    } else if (s.has("do_center_crop")) {
      s.requireABoolean("do_center_crop");
    }
  }

  private static void checkSize(ConfigSection s, String key, int imageSize) {
    if (s.hasObject(key)) {
      ConfigSection size = s.child(key).orElseThrow();
      if (size.has("shortest_edge")) {
        throw size.contradiction("shortest_edge", "present", "height and width: images are squashed, their aspect ratio is not kept");
      }
      size.requireNumber(imageSize, "height");
      size.requireNumber(imageSize, "width");
      size.refuseOtherKeys();
      for (String edge : List.of("height", "width")) {
        if (!size.has(edge)) {
          throw size.contradiction(edge, "absent", String.valueOf(imageSize));
        }
      }
    } else if (s.hasList(key)) {
      s.requireIntegers(List.of(imageSize, imageSize), key);
    } else {
      s.requireNumber(imageSize, key);
    }
  }

  private static List<Double> confirmed(ConfigSection s, String key, double low, List<Double> known, boolean explicit) {
    List<Double> found = s.channels(low, 10, key).orElse(known);
    if (explicit && IntStream.range(0, 3).anyMatch(c -> Math.abs(found.get(c) - known.get(c)) > 1e-6)) {
      throw s.contradiction(key, found, "that of config.json");
    }
    return found;
  }
}
