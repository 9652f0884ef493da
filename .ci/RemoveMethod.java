import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.MethodModel;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Copies a jar without the methods of one name of one of its classes: {@code FROM TO CLASS METHOD}. Plants a break of the API. */
final class RemoveMethod {
  public static void main(String[] args) throws IOException {
    Path copy = Files.copy(Path.of(args[0]), Path.of(args[1]), StandardCopyOption.REPLACE_EXISTING);
    try (FileSystem jar = FileSystems.newFileSystem(copy)) {
      Path file = jar.getPath(args[2].replace('.', '/') + ".class");
      ClassFile classes = ClassFile.of();
      byte[] before = Files.readAllBytes(file);
      byte[] after = classes.transformClass(classes.parse(before), ClassTransform.dropping(
          element -> element instanceof MethodModel method && method.methodName().equalsString(args[3])));
      if (after.length >= before.length) {
        throw new IllegalArgumentException(args[2] + " has no method " + args[3]);
      }
      Files.write(file, after);
    }
  }
}
