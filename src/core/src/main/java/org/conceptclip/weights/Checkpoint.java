package org.conceptclip.weights;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.util.OneLine;

/**
 * A stored checkpoint: one safetensors file or several shards, in any accepted naming. It is checked against a model's layout
 * when it is opened.
 *
 * <p>Tensors are read from the file in their stored type (F32, F16 or BF16) when they are borrowed. A tensor whose parts are stored
 * separately (query, key and value) is joined then. Thread-safe.
 */
public final class Checkpoint implements WeightSource {
  private final Path path;
  private final Map<String, Shape> layout;
  private final List<SafetensorsFile> files;
  private final Map<String, SafetensorsFile> fileOf;
  private final CheckpointPlan plan;

  private Checkpoint(
      Path path,
      Map<String, Shape> layout,
      List<SafetensorsFile> files,
      Map<String, SafetensorsFile> fileOf,
      CheckpointPlan plan) {
    this.path = path;
    this.layout = layout;
    this.files = files;
    this.fileOf = fileOf;
    this.plan = plan;
  }

  /**
   * Opens a checkpoint.
   *
   * @param folderOrFile a model folder, a safetensors file or a shard index
   * @param layout canonical names and shapes of the tensors that the model needs
   * @throws BadInputException if there is none, a file breaks a rule of the format, or its tensors do not fit the layout
   */
  public static Checkpoint open(Path folderOrFile, Map<String, Shape> layout) {
    List<SafetensorsFile> files = new ArrayList<>();
    try {
      SequencedMap<String, TensorInfo> found = new LinkedHashMap<>();
      Map<String, SafetensorsFile> fileOf = new LinkedHashMap<>();
      for (Path path : CheckpointFiles.find(folderOrFile)) {
        SafetensorsFile file = SafetensorsFile.open(path);
        files.add(file);
        for (Map.Entry<String, TensorInfo> tensor : file.tensors().entrySet()) {
          SafetensorsFile other = fileOf.put(tensor.getKey(), file);
          if (other != null) {
            throw new BadInputException(
                path + ": holds tensor " + OneLine.quoted(tensor.getKey()) + ", which " + other.path() + " holds too");
          }
          found.put(tensor.getKey(), tensor.getValue());
        }
      }
      CheckpointPlan plan = CheckpointPlan.of(folderOrFile.toString(), found, layout);
      return new Checkpoint(folderOrFile, new LinkedHashMap<>(layout), files, fileOf, plan);
    } catch (RuntimeException | Error e) {
      files.forEach(SafetensorsFile::close);
      throw e;
    }
  }

  @Override
  public String description() {
    TreeSet<DType> types =
        plan.sources().values().stream().map(parts -> info(parts.getFirst()).dtype()).collect(Collectors.toCollection(TreeSet::new));
    String ignored = plan.ignored().isEmpty() ? "" : ", ignored: " + String.join(", ", plan.ignored());
    return path + " (" + layout.size() + " tensors in " + types.stream().map(DType::name).collect(Collectors.joining(" and "))
        + ignored + ")";
  }

  @Override
  public TensorLoan borrow(String name) {
    Shape shape = layout.get(name);
    if (shape == null) {
      throw new IllegalArgumentException(path + " was opened without a tensor " + OneLine.quoted(name));
    }
    List<CheckpointPlan.Source> parts = plan.sources().get(name);
    return TensorLoan.of(arena -> {
      DType dtype = info(parts.getFirst()).dtype();
      HostTensor tensor = HostTensor.allocate(arena, dtype, shape.toArray());
      long position = 0;
      for (CheckpointPlan.Source source : parts) {
        long unit = info(source).byteSize() / source.part().sourceUnits();
        MemorySegment target = tensor.data().asSlice(position, source.part().units() * unit);
        fileOf.get(source.name()).read(source.name(), source.part().firstUnit() * unit, target);
        position += target.byteSize();
      }
      return HostTensor.view(dtype, shape, tensor.data().asReadOnly());
    });
  }

  @Override
  public void close() {
    files.forEach(SafetensorsFile::close);
  }

  private TensorInfo info(CheckpointPlan.Source source) {
    return fileOf.get(source.name()).tensors().get(source.name());
  }
}
