package org.conceptclip.demo;

import java.io.InputStream;
import java.util.List;
import org.conceptclip.catalog.EmbeddedModel;

/** The architecture of ConceptCLIP in miniature, trained on procedurally drawn phantoms of eight modalities. */
public final class DemoModel implements EmbeddedModel {
  @Override
  public String name() {
    return "demo";
  }

  @Override
  public String notice() {
    return "taking the embedded demo model, which was trained on drawings and knows no medicine";
  }

  @Override
  public List<String> labels() {
    return List.of(
        "chest X-ray",
        "brain MRI",
        "abdominal CT",
        "skin lesion",
        "histology",
        "fundus photograph",
        "ultrasound",
        "blood smear");
  }

  @Override
  public InputStream open(String file) {
    InputStream in = DemoModel.class.getResourceAsStream(file);
    if (in == null) {
      throw new IllegalStateException("resource " + file + " of the demo model is missing from this build");
    }
    return in;
  }
}
