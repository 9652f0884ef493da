package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What {@link ImageDecoder#warmUp} initialises. */
class WarmUpTest {
  /** Initialised by every decoder before its first picture, or by {@link JpegLibrary#find}, or by the callers' limits. */
  private static final Set<String> EARLIER =
      Set.of("CodecLibrary", "DecodeCheckpoint", "DecodeLimits", "DecodeMemory", "JpegLibrary", "JpegLibrary$Scanline");

  @Test
  void noClassOfTheDecodersIsInitialisedLater() throws Exception {
    Path classes = Path.of(ImageDecoder.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Set<String> expected = new TreeSet<>();
    try (Stream<Path> files = Files.list(classes.resolve("org/conceptclip/image"))) {
      files.filter(file -> file.toString().endsWith(".class")).map(WarmUpTest::parsed).filter(WarmUpTest::hasInitialiser)
          .map(model -> model.thisClass().asInternalName().replace("org/conceptclip/image/", ""))
          .filter(name -> !EARLIER.contains(name)).forEach(expected::add);
    }
    Set<String> found = ImageDecoder.classesWithTables().stream().map(Class::getSimpleName).collect(Collectors.toCollection(TreeSet::new));
    assertEquals(expected, found);
  }

  private static ClassModel parsed(Path file) {
    try {
      return ClassFile.of().parse(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Of enums only those are asked for that are no part of another class, which uses them at once; tables of switches are tiny. */
  private static boolean hasInitialiser(ClassModel model) {
    String name = model.thisClass().asInternalName();
    boolean inner = name.contains("$") && (name.matches(".*\\$[0-9]+") || isEnum(model));
    return !inner && model.methods().stream().anyMatch(method -> method.methodName().equalsString("<clinit>"));
  }

  private static boolean isEnum(ClassModel model) {
    return model.superclass().map(parent -> parent.asInternalName().equals("java/lang/Enum")).orElse(false);
  }
}
