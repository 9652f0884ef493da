package org.conceptclip.backend.cuda.driver.nvidia;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.constant.ClassDesc;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Our binding of the driver API against another one, whose numbers and types were generated from {@code cuda.h}: that of JavaCPP, read as a
 * class file, since its class would start the CUDA runtime.
 */
class DriverApiTest {
  private static final ClassModel OTHER = read("/org/bytedeco/cuda/global/cudart.class");

  /** An address for every symbol, which nothing calls. */
  private static final MemorySegment ANSWERS_NOTHING = upcall();

  private static ClassModel read(String resource) {
    try (InputStream in = DriverApiTest.class.getResourceAsStream(resource)) {
      return ClassFile.of().parse(in.readAllBytes());
    } catch (IOException e) {
      throw new IllegalStateException(resource, e);
    }
  }

  @Test
  void numbersAreThoseOfTheHeader() throws IllegalAccessException {
    Map<String, Integer> expected = OTHER.fields().stream()
        .filter(field -> field.findAttribute(Attributes.constantValue()).isPresent() && field.fieldType().equalsString("I"))
        .collect(Collectors.toMap(field -> field.fieldName().stringValue(),
            field -> (Integer) field.findAttribute(Attributes.constantValue()).orElseThrow().constant().constantValue()));
    Map<String, Integer> found = new TreeMap<>();
    for (Field field : CudaNumbers.class.getDeclaredFields()) {
      if (field.getType() == int.class) {
        found.put(field.getName(), field.getInt(null));
      }
    }
    assertTrue(found.size() > 30, found.toString());
    found.forEach((name, number) -> assertEquals(expected.get(name), number, name));
  }

  @Test
  void parametersAreThoseOfTheHeader() {
    Map<String, FunctionDescriptor> types = new DriverApi(symbol -> Optional.of(ANSWERS_NOTHING)).types();
    assertEquals(39, types.size());
    types.forEach((symbol, type) -> {
      String name = symbol.replaceFirst("(_v2|WithFlags)$", "");
      Set<String> overloads = OTHER.methods().stream().filter(method -> method.methodName().equalsString(name))
          .map(method -> letters(method.methodTypeSymbol().parameterList())).collect(Collectors.toCollection(TreeSet::new));
      assertEquals(Set.of(letters(type)), overloads, symbol);
    });
  }

  private static MemorySegment upcall() {
    try {
      return Linker.nativeLinker().upcallStub(
          MethodHandles.lookup().findStatic(DriverApiTest.class, "nothing", MethodType.methodType(int.class)),
          FunctionDescriptor.of(ValueLayout.JAVA_INT), Arena.global());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  static int nothing() {
    return 0;
  }

  private static String letters(FunctionDescriptor type) {
    return type.argumentLayouts().stream().map(layout -> switch (layout) {
      case ValueLayout.OfInt _ -> "I";
      case ValueLayout.OfByte _ -> "B";
      case ValueLayout.OfLong _ -> "J";
      default -> throw new IllegalStateException(layout.toString());
    }).collect(Collectors.joining());
  }

  /** Pointers and arrays are addresses. */
  private static String letters(List<ClassDesc> parameters) {
    return parameters.stream().map(type -> type.isPrimitive() ? type.descriptorString() : "J").collect(Collectors.joining());
  }

  /** Whoever needs the driver alone must not start JavaCPP. */
  @Test
  void javacppStaysBehindTheLibraryOfProducts() throws IOException, URISyntaxException {
    Path classes = Path.of(CudaLibraries.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Set<String> users = new TreeSet<>();
    try (Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(file -> file.toString().endsWith(".class")).toList()) {
        for (PoolEntry entry : ClassFile.of().parse(file).constantPool()) {
          if (entry instanceof ClassEntry type && type.asInternalName().startsWith("org/bytedeco/")) {
            users.add(file.getFileName().toString().replaceFirst("(\\$.*)?\\.class$", ""));
          }
        }
      }
    }
    assertEquals(Set.of("AlgorithmChoice", "CublasLt", "CublasStatus", "CudaBindings", "Cudnn", "CudnnAttention", "CudnnDescriptor",
        "CudnnStatus", "MatmulDescriptors", "RawPointer"), users);
  }
}
