package org.conceptclip.backend.cuda.driver.nvidia;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where CUDA's libraries are looked for, and in which order. */
class LibraryFoldersTest {
  private final Map<String, String> environment = new HashMap<>();
  @TempDir Path root;

  private Path folder(String name) throws IOException {
    return Files.createDirectories(root.resolve(name));
  }

  private LibraryFolders folders() {
    return new LibraryFolders(environment, root, 13);
  }

  @Test
  void askedForBeforeInstalled() throws IOException {
    Path first = folder("first");
    Path second = folder("second");
    Path home = folder("home/cuda/lib64");
    Path standard = folder("usr/local/cuda/targets/x86_64-linux/lib");
    Path older = folder("usr/local/cuda-13.0/lib64");
    Path newer = folder("usr/local/cuda-13.1/lib64");
    folder("usr/local/cuda-12.9/lib64");
    environment.put("LD_LIBRARY_PATH", first + "::" + second + ":" + root.resolve("absent"));
    environment.put("CUDA_HOME", root.resolve("home/cuda").toString());
    assertEquals(
        List.of(first, second, home.getParent(), home, standard.getParent().getParent().getParent(), standard,
            newer.getParent(), newer, older.getParent(), older),
        folders().beforeLoader());
  }

  @Test
  void packagesOfPythonsAreFound() throws IOException {
    Path virtual = folder("venv/lib/python3.12/site-packages/nvidia/cu13/lib");
    Path onPath = folder("packages/nvidia/cublas/lib");
    Path user = folder("home/.local/lib/python3.11/site-packages/nvidia/cu13/lib");
    Path system = folder("usr/lib/python3/dist-packages/nvidia/cuda_runtime/lib");
    folder("usr/lib/python3/dist-packages/nvidia/cu12/lib");
    environment.put("VIRTUAL_ENV", root.resolve("venv").toString());
    environment.put("PYTHONPATH", root.resolve("packages").toString());
    environment.put("HOME", root.resolve("home").toString());
    assertEquals(List.of(virtual, onPath, user, system), folders().afterLoader());
  }

  @Test
  void aNamedFolderMayBeAToolkitOrAnEnvironment() throws IOException {
    Path plain = folder("named");
    Path lib64 = folder("named/lib64");
    Path lib = folder("named/lib");
    Path wheel = folder("named/nvidia/cu13/lib");
    Path inside = folder("named/lib/python3.12/site-packages/nvidia/cublas/lib");
    assertEquals(List.of(plain, lib64, lib, wheel, inside), folders().under(root.resolve("named")));
    assertEquals(List.of(), folders().under(root.resolve("absent")));
  }

  @Test
  void anEmptyMachineHasNone() {
    assertEquals(List.of(), folders().beforeLoader());
    assertEquals(List.of(), folders().afterLoader());
  }
}
