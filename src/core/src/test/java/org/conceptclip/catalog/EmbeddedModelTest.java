package org.conceptclip.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.FileNotFoundException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of an embedded model that cannot be used. */
class EmbeddedModelTest {
  @Test
  void aModelThatCannotBeLoadedIsToldInOneLine(@TempDir Path folder) throws Exception {
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(services.resolve(EmbeddedModel.class.getName()), "org.absent.Model");
    List<URL> classPath = new ArrayList<>(List.of(folder.toUri().toURL()));
    for (String entry : System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")).split(File.pathSeparator)) {
      classPath.add(Path.of(entry).toUri().toURL());
    }
    try (URLClassLoader loader = new URLClassLoader(classPath.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
      Method embedded = loader.loadClass(OpenModel.class.getName()).getMethod("embedded");
      Throwable failure = assertThrows(InvocationTargetException.class, () -> embedded.invoke(null)).getCause();
      assertEquals(BadInputException.class.getName(), failure.getClass().getName());
      String message = failure.getMessage();
      assertTrue(message.startsWith("the model on the class path cannot be loaded: "), message);
      assertTrue(message.endsWith("Provider org.absent.Model not found"), message);
    }
  }

  @Test
  void aFolderThatCannotBeFilledIsToldInOneLine() {
    EmbeddedModel broken = new EmbeddedModel() {
      @Override
      public String name() {
        return "broken";
      }

      @Override
      public String notice() {
        return "";
      }

      @Override
      public List<String> labels() {
        return List.of();
      }

      @Override
      public InputStream open(String file) {
        return new InputStream() {
          @Override
          public int read() throws FileNotFoundException {
            throw new FileNotFoundException("no space");
          }
        };
      }
    };
    String message = assertThrows(BadInputException.class, () -> broken.withFolder(folder -> folder)).getMessage();
    assertEquals(
        "the embedded model broken cannot be unpacked to the temporary folder: java.io.FileNotFoundException: no space", message);
    assertThrows(UncheckedIOException.class, () -> broken.read("vocab.txt"));
  }
}
