package org.conceptclip.cli;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.Manifest;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Versions of the libraries on the class path, from the names of their jars. */
final class Libraries {
  private static final Pattern JAR = Pattern.compile("(?:.*/)?([a-zA-Z][\\w-]*?)-(\\d[^/]*)\\.jar");
  private static final Pattern TOLD = Pattern.compile(
      "conceptclip-.*|cuda|dnnl|javacpp|gson|picocli|progressbar|imageio-core|imageio-tiff|leptonica|micrometer-core");

  private Libraries() {}

  /** Versions by library, of those that matter for results. */
  static Map<String, String> versions() {
    Map<String, String> versions = new TreeMap<>();
    jars().forEach(path -> {
      Matcher jar = JAR.matcher(path.replace(File.separatorChar, '/'));
      if (jar.matches() && TOLD.matcher(jar.group(1)).matches()) {
        // In the names of jars with native code, the platform follows the version.
        versions.put(jar.group(1), jar.group(2).replaceFirst("-linux-.*", ""));
      }
    });
    return versions;
  }

  /** Entries of the class path, and those that their manifests add to it. */
  private static List<String> jars() {
    List<String> jars = new ArrayList<>(List.of(System.getProperty("java.class.path").split(File.pathSeparator)));
    try {
      for (URL url : Collections.list(Libraries.class.getClassLoader().getResources("META-INF/MANIFEST.MF"))) {
        try (InputStream in = url.openStream()) {
          String classPath = new Manifest(in).getMainAttributes().getValue("Class-Path");
          jars.addAll(classPath == null ? List.of() : List.of(classPath.split("\\s+")));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return jars;
  }
}
