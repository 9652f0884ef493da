package org.conceptclip.batch;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.NewMultiArrayInstruction;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.classfile.instruction.NewPrimitiveArrayInstruction;
import java.lang.classfile.instruction.NewReferenceArrayInstruction;
import java.lang.classfile.instruction.TypeCheckInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.net.URL;
import java.util.Set;

/**
 * Loads this package once more, its product classes rewritten so that {@link Shortages#point} is called wherever one of them may allocate:
 * in front of every {@code new}, every array, every lambda and joined string, every question for a type, and every call of the JDK that may
 * need memory; and behind the
 * calls that may have done their work when they find that memory is short. So a scenario can be run with a failure at each of these places
 * in turn, and none is forgotten.
 */
final class ShortageLoader extends ClassLoader {
  private static final String PACKAGE = "org.conceptclip.batch.";
  private static final ClassDesc SHORTAGES = ClassDesc.of(PACKAGE + "Shortages");
  private static final MethodTypeDesc POINT = MethodTypeDesc.of(ConstantDescs.CD_void);
  /** Methods of the JDK's collections and futures that never allocate. */
  private static final Set<String> FREE = Set.of("get", "remove", "removeLast", "size", "isEmpty", "isDone", "isPresent", "orElseThrow",
      "isCancelled", "requireNonNull", "equals", "hashCode", "ordinal", "compareTo", "poll", "getAndIncrement", "reverse");
  /** These may fail with their work done: a map grows after it took the entry, a future calls back after it was completed. */
  private static final Set<String> FAIL_LATE = Set.of("put", "complete", "completeExceptionally", "cancel");

  ShortageLoader() {
    super(Shortages.class.getClassLoader());
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    synchronized (getClassLoadingLock(name)) {
      if (!name.startsWith(PACKAGE) || name.equals(Shortages.class.getName())) {
        return super.loadClass(name, resolve);
      }
      Class<?> loaded = findLoadedClass(name);
      return loaded != null ? loaded : load(name);
    }
  }

  private Class<?> load(String name) throws ClassNotFoundException {
    URL place = getParent().getResource(name.replace('.', '/') + ".class");
    if (place == null) {
      throw new ClassNotFoundException(name);
    }
    try (InputStream file = place.openStream()) {
      byte[] bytes = file.readAllBytes();
      boolean ofTest = place.getPath().contains("/test-classes/") || place.getPath().contains("-tests.jar");
      byte[] loaded = ofTest ? bytes : rewritten(bytes);
      return defineClass(name, loaded, 0, loaded.length);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private byte[] rewritten(byte[] bytes) {
    ClassFile files = ClassFile.of(ClassFile.ClassHierarchyResolverOption.of(
        ClassHierarchyResolver.ofResourceParsing(getParent()).orElse(ClassHierarchyResolver.defaultResolver())));
    return files.transformClass(files.parse(bytes), ClassTransform.transformingMethodBodies((code, element) -> {
      if (mayAllocate(element)) {
        code.invokestatic(SHORTAGES, "point", POINT);
      }
      code.with(element);
      if (element instanceof InvokeInstruction call && isOfUtil(call) && FAIL_LATE.contains(call.name().stringValue())) {
        code.invokestatic(SHORTAGES, "point", POINT);
      }
    }));
  }

  private static boolean mayAllocate(CodeElement element) {
    return switch (element) {
      case NewObjectInstruction object -> true;
      case NewPrimitiveArrayInstruction array -> true;
      case NewReferenceArrayInstruction array -> true;
      case NewMultiArrayInstruction array -> true;
      case InvokeDynamicInstruction lambdaOrText -> true;
      // The first time, the class that is asked for may have to be loaded.
      case TypeCheckInstruction check -> check.opcode() == Opcode.INSTANCEOF;
      case InvokeInstruction call -> isOfUtil(call) && !FREE.contains(call.name().stringValue())
          || call.owner().asInternalName().equals("java/lang/Thread") && call.name().stringValue().equals("start")
          || call.name().stringValue().equals("valueOf") && call.owner().asInternalName().startsWith("java/lang/");
      default -> false;
    };
  }

  /** Locks and conditions get by without memory, and atomic numbers need none; functions are ours, and rewritten themselves. */
  private static boolean isOfUtil(InvokeInstruction call) {
    String owner = call.owner().asInternalName();
    return owner.startsWith("java/util/") && !owner.startsWith("java/util/concurrent/locks/")
        && !owner.startsWith("java/util/concurrent/atomic/") && !owner.startsWith("java/util/function/");
  }
}
