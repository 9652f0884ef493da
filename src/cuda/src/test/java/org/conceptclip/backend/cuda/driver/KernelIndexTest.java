package org.conceptclip.backend.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.conceptclip.backend.BackendUnavailableException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The index says of every kernel what its PTX says, is found in any jar, and fills arguments by name. */
class KernelIndexTest {
  private static final Pattern ENTRY = Pattern.compile(
      "\\.visible \\.entry (\\w+)\\(\\s*\\.param \\.align \\d+ \\.b8 \\w+\\[(\\d+)\\]\\s*\\)\\s*\\.maxntid (\\d+)");

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(ints = {80, 90})
  void everyKernelIsWhatItsPtxSays(int capability) {
    KernelIndex index = KernelIndex.forCapability(capability);
    Set<String> files = new TreeSet<>();
    index.names().forEach(name -> files.add(index.get(name).file()));
    Set<String> entries = new TreeSet<>();
    for (String file : files) {
      Matcher entry = ENTRY.matcher(KernelIndex.text(file));
      while (entry.find()) {
        Kernel kernel = index.get(entry.group(1));
        assertEquals(file, kernel.file(), kernel.name());
        assertEquals(Integer.parseInt(entry.group(2)), kernel.argumentBytes(), kernel.name());
        assertEquals(Integer.parseInt(entry.group(3)), kernel.threads(), kernel.name());
        entries.add(kernel.name());
      }
    }
    assertEquals(index.names(), entries);
    assertEquals(capability == 90, index.find("attention_sm90_d64").isPresent());
  }

  @Test
  void otherKernelsAreRejectedByName() {
    CudaException failure = assertThrows(CudaException.class, () -> KernelIndex.forCapability(80).get("attention_sm90_d64"));
    assertEquals("CUDA_ERROR_NOT_FOUND", failure.status());
    assertTrue(failure.getMessage().contains("attention_sm90_d64 for sm_80"), failure.getMessage());
  }

  @Test
  void blocksCoverTheLastItems() {
    KernelIndex index = KernelIndex.forCapability(80);
    assertEquals(183, index.get("layer_norm_f16").blocksX(729));
    assertEquals(2, index.get("bias_gelu").blocksX(257 * 8));
    assertEquals(12, index.get("mean_pool").blocksX(768));
    assertEquals(3, index.get("mean_pool").blocksY(3));
    assertEquals(18, index.get("patch_embed_u8").blocksX(1152));
    assertEquals(12, index.get("patch_embed_u8").blocksY(729));
    assertEquals(2, index.get("similarity_f32").blocksX(65));
    assertEquals(1, index.get("similarity_f32").blocksY(64));
  }

  @Test
  void argumentsLieAsInC() {
    Kernel kernel = KernelIndex.forCapability(90).get("attention_sm90_d64");
    byte[] map = new byte[128];
    map[127] = 7;
    MemorySegment segment = MemorySegment.ofArray(map);
    ByteBuffer struct = kernel.arguments().float32("scaleLog2e", 0.5).int32("outPitch", 3).int32("heads", 2).address("tiles", 5)
        .float32("headroomLog2", 8).int32("items", 4).address("out", -1).tensorMap("rest", segment).tensorMap("qkv", segment)
        .toStruct().order(ByteOrder.nativeOrder());
    assertEquals(320, struct.remaining());
    assertEquals(7, struct.get(127));
    assertEquals(7, struct.get(255));
    assertEquals(-1, struct.getLong(256));
    assertEquals(5, struct.getLong(264));
    assertEquals(4, struct.getInt(272));
    assertEquals(2, struct.getInt(276));
    assertEquals(3, struct.getInt(280));
    assertEquals(0.5f, struct.getFloat(284));
    assertEquals(8, struct.getFloat(288));
    ByteBuffer array = filled("patch_embed_u8").float32("factor", 1, 2, 3).toStruct().order(ByteOrder.nativeOrder());
    assertEquals(3, array.getFloat(52 + 8));
  }

  /** All fields zero. */
  private static KernelArguments filled(String name) {
    KernelArguments arguments = KernelIndex.forCapability(80).get(name).arguments();
    arguments.kernel().fields().forEach((field, type) -> {
      switch (type.type()) {
        case "address" -> arguments.address(field, 0);
        case "int32" -> arguments.int32(field, 0);
        default -> arguments.float32(field, new double[type.count()]);
      }
    });
    return arguments;
  }

  @Test
  void wrongArgumentsAreRejected() {
    KernelArguments arguments = filled("layer_norm_f32");
    String message = assertThrows(IllegalArgumentException.class, () -> arguments.int32("y", 1)).getMessage();
    assertTrue(message.startsWith("kernel layer_norm_f32: 1 x int32 for argument y, expected one of [x, weight, "), message);
    message = assertThrows(IllegalArgumentException.class, () -> arguments.int32("epsilon", 1)).getMessage();
    assertTrue(message.endsWith("argument epsilon, expected 1 x float32"), message);
    assertThrows(IllegalArgumentException.class, () -> arguments.float32("epsilon", 1, 2));
    assertThrows(ArithmeticException.class, () -> arguments.int32("rows", 1L << 31));
    KernelArguments unfinished = arguments.kernel().arguments().address("x", 1).address("weight", 2);
    message = assertThrows(IllegalStateException.class, unfinished::toStruct).getMessage();
    assertEquals("kernel layer_norm_f32: no value for argument bias", message);
  }

  /** As {@code bench/gpu/slim_jar.py} writes jars: files alone, without entries for their folders. */
  @Test
  void kernelsAreFoundInAJarWithoutFolders() throws Exception {
    try (URLClassLoader loader = jar(name -> true)) {
      assertEquals(KernelIndex.forCapability(90).names(), names(loader));
      Class<?> index = loader.loadClass(KernelIndex.class.getName());
      assertEquals(
          KernelIndex.text("layer_norm.sm_90a.ptx"), index.getMethod("text", String.class).invoke(null, "layer_norm.sm_90a.ptx"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"KERNELS.tsv", "layer_norm.sm_90a.ptx"})
  void aMissingResourceIsNamed(String missing) throws Exception {
    try (URLClassLoader loader = jar(name -> !name.endsWith("/" + missing))) {
      Throwable failure = assertThrows(InvocationTargetException.class, () -> names(loader)).getCause();
      assertEquals(BackendUnavailableException.class.getName(), failure.getClass().getName());
      assertEquals("CUDA: this build holds no kernels (no resource /org/conceptclip/backend/cuda/ptx/" + missing + ")",
          failure.getMessage());
    }
  }

  private static Object names(ClassLoader loader) throws ReflectiveOperationException {
    Class<?> index = loader.loadClass(KernelIndex.class.getName());
    return index.getMethod("names").invoke(index.getMethod("forCapability", int.class).invoke(null, 90));
  }

  /** A loader that sees core and a jar of this module's files alone. */
  private URLClassLoader jar(Predicate<String> kept) throws IOException, URISyntaxException {
    Path classes = location(KernelIndex.class);
    Path jar = folder.resolve("slim.jar");
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar)); Stream<Path> all = Files.walk(classes)) {
      List<Path> files = all.filter(Files::isRegularFile).filter(file -> kept.test(classes.relativize(file).toString())).toList();
      for (Path file : files) {
        out.putNextEntry(new JarEntry(classes.relativize(file).toString()));
        Files.copy(file, out);
      }
    }
    URL core = location(BackendUnavailableException.class).toUri().toURL();
    return new URLClassLoader(new URL[] {jar.toUri().toURL(), core}, ClassLoader.getPlatformClassLoader());
  }

  private static Path location(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
  }
}
