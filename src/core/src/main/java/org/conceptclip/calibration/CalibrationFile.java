package org.conceptclip.calibration;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.conceptclip.calibration.Calibration.Agreement;
import org.conceptclip.calibration.Calibration.Images;
import org.conceptclip.calibration.Calibration.Product;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;
import org.conceptclip.util.TargetFile;
import org.conceptclip.weights.ModelFiles;
import org.conceptclip.weights.StrictJson;

/**
 * Calibrations as JSON files.
 *
 * <pre>{@code
 * {"format": "conceptclip-fp8-calibration", "version": 1, "model": "ConceptCLIP", "fingerprint": "64 hexadecimal digits",
 *  "images": {"count": 32, "heldOut": 16, "generated": false}, "recommended": true,
 *  "everything": {"lowestCosine": 0.9991, "medianCosine": 0.9994}, "chosen": {"lowestCosine": 0.9993, "medianCosine": 0.9995},
 *  "products": {"visual.trunk.blocks.0.attn.qkv.weight":
 *    {"type": "fp8", "scale": 0.03125, "largest": 9.5, "outliers": 7.9, "weights": 3981312, "sensitivity": 1.2e-5,
 *     "measuredAlone": false}, ...}}
 * }</pre>
 *
 * <p>All keys must be present, and there are no others. A file is written whole or not at all.
 */
public final class CalibrationFile {
  private static final String FORMAT = "conceptclip-fp8-calibration";
  private static final int VERSION = 1;
  private static final String EXPECTED = "a calibration that `conceptclip calibrate` has written";
  private static final int LONGEST_FILE_BYTES = 16 << 20;

  private CalibrationFile() {}

  /**
   * Reads a file.
   *
   * @throws BadInputException if there is none, or it is cut off, of another format or version, or holds what no calibration has: a scale
   *     that is no positive number, for example. The message names file, key, what was found and what was expected
   */
  public static Calibration read(Path file) {
    String text = ModelFiles.text(file, LONGEST_FILE_BYTES, EXPECTED);
    JsonElement root;
    try {
      root = StrictJson.parse(text);
    } catch (JsonParseException e) {
      throw new BadInputException(file + ": " + e.getMessage() + ", expected " + EXPECTED, e);
    } catch (IOException e) {
      throw new BadInputException(file + ": not valid JSON (" + StrictJson.place(e) + "), expected " + EXPECTED, e);
    }
    StrictObject top = StrictObject.of(file, root);
    top.require("format", FORMAT);
    top.require("version", VERSION);
    StrictObject images = top.object("images");
    int count = images.integer("count", 1);
    Calibration calibration = new Calibration(file.toString(), OneLine.of(top.text("model")), top.hexadecimal("fingerprint", 64),
        new Images(count, images.integer("heldOut", 1), images.truth("generated")),
        agreement(top.object("everything")), agreement(top.object("chosen")), products(top.object("products")));
    if (calibration.images().heldOut() > count) {
      throw images.bad("heldOut", "at most the " + count + " images");
    }
    images.refuseOthers();
    boolean recommended = top.truth("recommended");
    if (recommended != calibration.recommended()) {
      throw top.bad("recommended", calibration.recommended() + ", as its cosines and products say");
    }
    top.refuseOthers();
    return calibration;
  }

  private static Agreement agreement(StrictObject json) {
    Agreement agreement = new Agreement(json.number("lowestCosine", -1, 1), json.number("medianCosine", -1, 1));
    json.refuseOthers();
    return agreement;
  }

  private static SequencedMap<String, Product> products(StrictObject json) {
    SequencedMap<String, Product> products = new LinkedHashMap<>();
    for (String name : json.keys()) {
      StrictObject product = json.object(name);
      boolean fp8 = product.text("type").equals("fp8");
      if (!fp8) {
        product.require("type", "fp16");
      }
      products.put(name, new Product(product.number("largest", 0, Float.MAX_VALUE), product.scale("scale"),
          product.number("outliers", 0, Double.MAX_VALUE), product.integer("weights", 1), product.number("sensitivity", 0, 2),
          product.truth("measuredAlone"), fp8));
      product.refuseOthers();
    }
    if (products.isEmpty()) {
      throw json.bad("products", "an entry for each product");
    }
    return products;
  }

  /**
   * Writes a file, whole or not at all.
   *
   * @throws IOException if it cannot be written
   */
  public static void write(Calibration calibration, Path file) throws IOException {
    TargetFile.write(file, bytes(calibration));
  }

  /** A file's bytes. */
  public static byte[] bytes(Calibration calibration) {
    String text = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(json(calibration)) + "\n";
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** The content of a file. */
  public static JsonObject json(Calibration calibration) {
    JsonObject top = new JsonObject();
    top.addProperty("format", FORMAT);
    top.addProperty("version", VERSION);
    top.addProperty("model", calibration.model());
    top.addProperty("fingerprint", calibration.fingerprint());
    JsonObject images = new JsonObject();
    images.addProperty("count", calibration.images().count());
    images.addProperty("heldOut", calibration.images().heldOut());
    images.addProperty("generated", calibration.images().generated());
    top.add("images", images);
    top.addProperty("recommended", calibration.recommended());
    top.add("everything", json(calibration.everything()));
    top.add("chosen", json(calibration.chosen()));
    JsonObject products = new JsonObject();
    calibration.products().forEach((name, product) -> products.add(name, json(product)));
    top.add("products", products);
    return top;
  }

  private static JsonObject json(Agreement agreement) {
    JsonObject json = new JsonObject();
    json.addProperty("lowestCosine", agreement.lowest());
    json.addProperty("medianCosine", agreement.median());
    return json;
  }

  private static JsonObject json(Product product) {
    JsonObject json = new JsonObject();
    json.addProperty("type", product.fp8() ? "fp8" : "fp16");
    json.addProperty("scale", product.scale());
    json.addProperty("largest", product.largest());
    json.addProperty("outliers", product.outliers());
    json.addProperty("weights", product.weights());
    json.addProperty("sensitivity", product.sensitivity());
    json.addProperty("measuredAlone", product.measuredAlone());
    return json;
  }
}
