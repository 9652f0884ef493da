package org.conceptclip.text;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Captions of medical figures as journals print them, of one to six sentences, put together from phrases; the same in every run. */
public final class Captions {
  private static final String[] FIGURES = {"Fig. 1.", "Figure 2:", "(A)", "(b, c)", "Fig. 3\u2013", "Supplementary Figure S4.", "Case 5 \u2014", ""};
  private static final String[] VIEWS = {
    "Axial contrast-enhanced CT", "Coronal T2-weighted MRI (1.5 T)", "Posteroanterior chest radiograph", "H&E staining (\u00d7400)",
    "Transthoracic echocardiography", "Fluorescein angiogram at 2'35\u2033", "^18^F-FDG PET/CT", "Immunohistochemistry for CD20+ cells",
    "Diffusion-weighted image, b = 1000 s/mm\u00b2", "Dermoscopy (10\u00d7)"
  };
  private static final String[] FINDINGS = {
    "a 3.2 \u00d7 2.8 cm spiculated mass", "bilateral ground-glass opacities", "no pneumothorax", "the Str\u00f8m\u2013Gru\u00dfhof sign",
    "an \u03b1-fetoprotein\u2013secreting lesion", "non-caseating granulomata (arrowheads)", "hypoattenuation of the left MCA territory",
    "cardiomegaly (cardiothoracic ratio >0.5)", "subretinal fluid, ~250 \u00b5m", "diffuse large B-cell lymphoma", "p<0.001 vs. controls"
  };
  private static final String[] PLACES = {
    "in the right upper lobe", "adjacent to Glisson's capsule", "within L4/L5", "of the pancreatic tail", "at the cortico-medullary junction",
    "throughout both hemispheres", "near the Ligamentum teres hepatis", "[white arrow]", "; scale bar: 50 \u03bcm"
  };

  /** Seventy captions. */
  public static final List<String> ALL = all();

  private Captions() {}

  private static List<String> all() {
    Random random = new Random(70);
    return IntStream.range(0, 70).mapToObj(i -> caption(random, 1 + i % 6)).toList();
  }

  private static String caption(Random random, int sentences) {
    StringBuilder caption = new StringBuilder(any(random, FIGURES));
    for (int i = 0; i < sentences; i++) {
      Stream.of(VIEWS, new String[] {"shows", "demonstrating", "reveals"}, FINDINGS, PLACES)
          .forEach(phrases -> caption.append(' ').append(any(random, phrases)));
      caption.append('.');
    }
    return caption.toString().strip();
  }

  private static String any(Random random, String[] phrases) {
    return phrases[random.nextInt(phrases.length)];
  }
}
