package org.conceptclip.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.conceptclip.calibration.Calibration;

/** A calibration for people: a row for each product, the cosines, and whether fp8 is recommended. */
record CalibrationTable(Calibration calibration) {
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    int width = calibration.products().keySet().stream().mapToInt(String::length).max().orElseThrow();
    lines.add(String.format(Locale.ROOT, "%-" + width + "s  %10s  %9s  %11s  %s", "product", "largest", "outliers", "loss alone", "type"));
    for (Map.Entry<String, Calibration.Product> entry : calibration.products().entrySet()) {
      Calibration.Product product = entry.getValue();
      lines.add(String.format(Locale.ROOT, "%-" + width + "s  %10.4g  %9.2f  %10.2e%s  %s", entry.getKey(), product.largest(),
          product.outliers(), product.sensitivity(), product.measuredAlone() ? " " : "*", product.fp8() ? "fp8" : "fp16"));
    }
    lines.add("largest: largest absolute input. outliers: that of the largest channel over that of the median one."
        + " loss alone: loss of cosine if this product alone has 8 bits.");
    if (calibration.products().values().stream().anyMatch(product -> !product.measuredAlone())) {
      lines.add("* a part of what the whole block loses, by the kind of product");
    }
    lines.add(agreement("all products in 8 bits", calibration.everything()));
    lines.add(agreement(calibration.fp8Products() + " of " + calibration.products().size() + " products in 8 bits", calibration.chosen()));
    lines.add(calibration.verdict());
    return lines;
  }

  private String agreement(String what, Calibration.Agreement found) {
    return String.format(Locale.ROOT, "%s: lowest cosine %.6f, median %.6f over %d held-out %s", what, found.lowest(), found.median(),
        calibration.images().heldOut(), calibration.images().generated() ? "noise images" : "images");
  }
}
