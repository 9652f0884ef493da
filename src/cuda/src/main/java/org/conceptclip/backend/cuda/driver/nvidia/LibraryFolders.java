package org.conceptclip.backend.cuda.driver.nvidia;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Folders in which CUDA's libraries are commonly installed, in search order.
 *
 * @param environment variables, by name
 * @param root of the file system, another one in tests
 * @param major version of CUDA, which pip's packages have in their folders
 */
record LibraryFolders(Map<String, String> environment, Path root, int major) {
  /** What a folder that the user named may mean: itself, a toolkit, or a Python environment's packages. */
  List<Path> under(Path named) {
    Set<Path> folders = new LinkedHashSet<>(toolkit(named));
    folders.addAll(pip(named));
    pythons(named).forEach(packages -> folders.addAll(pip(packages)));
    return existing(folders);
  }

  /** LD_LIBRARY_PATH, then the installed toolkits: explicit settings come first. */
  List<Path> beforeLoader() {
    Set<Path> folders = new LinkedHashSet<>();
    folders.addAll(paths("LD_LIBRARY_PATH"));
    List<Path> homes = new ArrayList<>(paths("CUDA_HOME"));
    homes.addAll(paths("CUDA_PATH"));
    homes.add(root.resolve("usr/local/cuda"));
    // The newest of several.
    homes.addAll(matching(root.resolve("usr/local"), "cuda-" + major + "*").reversed());
    homes.forEach(home -> folders.addAll(toolkit(home)));
    return existing(folders);
  }

  /** Packages that pip installed for Python: complete, but outside the system loader's paths. */
  List<Path> afterLoader() {
    Set<Path> packages = new LinkedHashSet<>();
    for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
      paths(variable).forEach(prefix -> packages.addAll(pythons(prefix)));
    }
    packages.addAll(paths("PYTHONPATH"));
    paths("HOME").forEach(home -> packages.addAll(pythons(home.resolve(".local"))));
    for (String prefix : List.of("usr/local", "usr", "opt/conda", "opt/venv")) {
      packages.addAll(pythons(root.resolve(prefix)));
    }
    Set<Path> folders = new LinkedHashSet<>();
    paths("CONDA_PREFIX").forEach(prefix -> folders.add(prefix.resolve("lib")));
    packages.forEach(folder -> folders.addAll(pip(folder)));
    return existing(folders);
  }

  private static List<Path> toolkit(Path home) {
    return List.of(home, home.resolve("lib64"), home.resolve("lib"), home.resolve("targets/x86_64-linux/lib"));
  }

  /** Since CUDA 13 all libraries of the toolkit are in one folder; before, each had its own, as cuDNN has. */
  private List<Path> pip(Path packages) {
    Path nvidia = packages.resolve("nvidia");
    return List.of(nvidia.resolve("cu" + major + "/lib"), nvidia.resolve("cublas/lib"), nvidia.resolve("cuda_runtime/lib"),
        nvidia.resolve("cudnn/lib"));
  }

  private static List<Path> pythons(Path prefix) {
    return matching(prefix.resolve("lib"), "python3*").stream()
        .flatMap(python -> Stream.of(python.resolve("site-packages"), python.resolve("dist-packages"))).toList();
  }

  private List<Path> paths(String variable) {
    return Arrays.stream(environment.getOrDefault(variable, "").split(File.pathSeparator))
        .filter(path -> !path.isEmpty()).map(Path::of).toList();
  }

  /** Entries of a folder by a pattern of their names, sorted; none of a folder that is absent. */
  static List<Path> matching(Path folder, String glob) {
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, glob)) {
        entries.forEach(found::add);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot list " + folder, e);
      }
    }
    Collections.sort(found);
    return found;
  }

  private static List<Path> existing(Set<Path> folders) {
    return folders.stream().filter(Files::isDirectory).toList();
  }
}
