package org.conceptclip.calibration;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.ModelIdentity;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.UnsupportedRequestException;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.FileNames;

/**
 * What {@link Precision#FP8} needs to know of one checkpoint: for each product that could compute in E4M3, whether it does, and the static
 * scale of its input. Kept in a file, see docs/fp8.md. Immutable.
 *
 * @param source where it comes from, for messages
 * @param model name of the model that was measured, for people
 * @param fingerprint {@link ModelIdentity#fingerprint} of that model
 * @param images what it was measured on
 * @param everything the features if all products compute in E4M3, compared with the model's own
 * @param chosen the features with the choice of this calibration
 * @param products by the name of the weight matrix, in the order in which a pass uses them
 */
public record Calibration(
    String source, String model, String fingerprint, Images images, Agreement everything, Agreement chosen,
    SequencedMap<String, Product> products) {
  /** The name of the {@link BackendRequest#options option} that holds a calibration's path. */
  public static final String OPTION = "calibration";

  /** The lowest cosine between the features of an image and those of the model as it is, below which fp8 is not recommended. */
  public static final double LOWEST_COSINE = 0.999;

  /** The part of the products' work that must be in E4M3 for fp8 to be worth its error. */
  public static final double LEAST_SHARE = 0.5;

  /**
   * The images of a calibration.
   *
   * @param count all of them
   * @param heldOut those that nothing was chosen by: {@link Calibration#everything} and {@link Calibration#chosen} are about them
   * @param generated whether they were noise, because there were no pictures
   */
  public record Images(int count, int heldOut, boolean generated) {}

  /** Cosines of features to those of the model as it is, over the held-out images. */
  public record Agreement(double lowest, double median) {}

  /**
   * One product.
   *
   * @param largest largest absolute input over all images
   * @param scale number of an input of code 1; inputs beyond 448 times it are cut to that
   * @param outliers largest absolute input of the channel with the largest, divided by that of the median channel
   * @param weights number of weights: a product does as many multiplications for each token
   * @param sensitivity mean loss of cosine if this product alone computes in E4M3
   * @param measuredAlone whether it was measured so; otherwise the sensitivity is this product's part of the loss that its whole block
   *     causes, in the ratio of the losses that all products of each kind cause
   * @param fp8 whether it computes in E4M3; in float16 otherwise
   */
  public record Product(
      double largest, float scale, double outliers, long weights, double sensitivity, boolean measuredAlone, boolean fp8) {}

  public Calibration {
    products = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(products));
  }

  /**
   * The calibration that a request names: present if it asks for {@link Precision#FP8}, empty if it asks for another precision.
   *
   * @throws UnsupportedRequestException if it asks for fp8 without a calibration or with one that advises against it, or names a
   *     calibration and asks for another precision
   * @throws BadInputException if the file cannot be read or is damaged
   */
  public static Optional<Calibration> of(BackendRequest request) {
    boolean fp8 = request.precision().equals(Optional.of(Precision.FP8));
    String file = request.options().get(OPTION);
    if (fp8 && file == null) {
      throw new UnsupportedRequestException("precision fp8: no calibration was named; expected the file that `conceptclip calibrate` has"
          + " written for this model (--calibration FILE, or the backend option " + OPTION + ")");
    }
    if (!fp8) {
      if (file != null) {
        throw new UnsupportedRequestException("calibration " + file + ": only precision fp8 uses one, the precision is "
            + request.precision().map(Precision::label).orElse("the backend's own"));
      }
      return Optional.empty();
    }
    Calibration calibration = CalibrationFile.read(FileNames.path(file));
    if (!calibration.recommended()) {
      throw new UnsupportedRequestException("precision fp8: " + calibration.source + " advises against it: " + calibration.verdict()
          + "; expected fp16 for this model");
    }
    if (calibration.images.generated) {
      request.notices().accept(calibration.source + ": was measured on noise, not on pictures; calibrate on pictures of your own kind");
    }
    return Optional.of(calibration);
  }

  /** Reads a file, see {@link CalibrationFile#read}. */
  public static Calibration read(Path file) {
    return CalibrationFile.read(file);
  }

  /** The static scale of a product's input if it computes in E4M3; empty if it does not, or is none of the products that could. */
  public Optional<Float> inputScale(String product) {
    return Optional.ofNullable(products.get(product)).filter(Product::fp8).map(Product::scale);
  }

  /** Number of products that compute in E4M3. */
  public int fp8Products() {
    return Math.toIntExact(products.values().stream().filter(Product::fp8).count());
  }

  /** The part of the products' work that is in E4M3, from 0 to 1. */
  public double share() {
    double all = products.values().stream().mapToLong(Product::weights).sum();
    return products.values().stream().filter(Product::fp8).mapToLong(Product::weights).sum() / all;
  }

  /** Whether fp8 is good enough for this model, and fast enough to be worth it. */
  public boolean recommended() {
    return chosen.lowest >= LOWEST_COSINE && share() >= LEAST_SHARE;
  }

  /** One line: whether fp8 is recommended, and the numbers behind that. */
  public String verdict() {
    String cosine = String.format(Locale.ROOT,
        "lowest cosine %.6f over %d held-out %s with %d of %d products, %.0f %% of the work, in E4M3", chosen.lowest, images.heldOut,
        images.generated ? "noise images" : "images", fp8Products(), products.size(), 100 * share());
    if (recommended()) {
      return "fp8 is recommended: " + cosine;
    }
    return "fp8 is not recommended: " + cosine + ", expected at least " + LOWEST_COSINE + " with at least half of the work";
  }

  /**
   * Rejects a model that this calibration is not of.
   *
   * @throws BadInputException if the products are not those of the model, or the fingerprints differ
   */
  public void requireModel(ModelIdentity identity) {
    List<String> missing = new ArrayList<>(identity.products());
    missing.removeAll(products.keySet());
    if (!missing.isEmpty()) {
      throw new BadInputException(source + ": no entry for product " + missing.getFirst() + (missing.size() == 1 ? ""
          : " and " + (missing.size() - 1) + " others") + " of the model, expected all " + identity.products().size()
          + "; calibrate this model");
    }
    if (products.size() != identity.products().size()) {
      List<String> extra = new ArrayList<>(products.keySet());
      extra.removeAll(identity.products());
      throw new BadInputException(
          source + ": has an entry for " + extra.getFirst() + ", which the model does not have; calibrate this model");
    }
    String found = identity.fingerprint();
    if (!found.equals(fingerprint)) {
      throw new BadInputException(source + ": is of another checkpoint, model " + model + " with fingerprint "
          + fingerprint.substring(0, 12) + "..., found " + found.substring(0, 12) + "...; calibrate this model");
    }
  }
}
