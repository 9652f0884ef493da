package org.conceptclip.backend.cuda;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;

/**
 * The largest absolute value of the residual sum in front of each norm, over all executions. It shows how near a model comes to the end of
 * float16's range. Thread-safe.
 */
final class ResidualRanges {
  /** The most norms of a model; ConceptCLIP has 78 behind a sum. */
  private static final int CAPACITY = 1024;

  private final SequencedMap<String, Float> largest = new LinkedHashMap<>();

  /** By the norm's name, in the order of first use. Infinity means that a sum was not finite. */
  synchronized SequencedMap<String, Float> largest() {
    return new LinkedHashMap<>(largest);
  }

  private synchronized void merge(List<String> names, HostTensor values) {
    for (int i = 0; i < names.size(); i++) {
      largest.merge(names.get(i), values.getFloat(i), Math::max);
    }
  }

  /** Device memory for the values of one execution. Not thread-safe. */
  final class Slots {
    private final CudaWorkspace workspace;
    private final DeviceTensor values;
    private final Map<String, Integer> indices = new LinkedHashMap<>();

    Slots(Recorder recorder, CudaWorkspace workspace) {
      this.workspace = workspace;
      this.values = (DeviceTensor) workspace.buffer("cuda.ranges", DType.F32, Shape.of(CAPACITY));
      recorder.zero(values);
    }

    /** Address of the value for the norm of this name. */
    long address(String norm) {
      int index = indices.computeIfAbsent(norm, name -> indices.size());
      if (index >= CAPACITY) {
        throw new IllegalStateException("ranges of more than " + CAPACITY + " norms");
      }
      return values.address() + (long) index * Float.BYTES;
    }

    /** Waits for the execution's work and takes its values. */
    void collect() {
      if (!indices.isEmpty()) {
        try (Arena arena = Arena.ofConfined()) {
          merge(new ArrayList<>(indices.keySet()), workspace.download(values, arena));
        }
      }
    }
  }
}
