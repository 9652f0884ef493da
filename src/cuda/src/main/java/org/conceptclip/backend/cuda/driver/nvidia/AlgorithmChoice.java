package org.conceptclip.backend.cuda.driver.nvidia;

import static org.bytedeco.cuda.global.cublas.*;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cublas.cublasLtMatmulAlgo_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.MatmulCall;

/**
 * Chooses cuBLASLt's algorithm for a shape: the best of its heuristic for many rows that never splits a sum and that computes any
 * number of rows. An algorithm here is all that decides the order of a row's sums: kernel, tile, stages; so a row's bits do not
 * depend on how many rows come along.
 */
record AlgorithmChoice(CublasStatus status, cublasLtContext handle, long workspaceBytes) {
  /** Large batches decide the throughput: 11 images' patches, or the texts of a full pass. */
  private static final int REFERENCE_ROWS = 8192;

  /** From one row, over odd numbers and one image's patches, to the patches of a pass of 128 images. */
  private static final int[] PROBED_ROWS = {1, 7, 64, 729, REFERENCE_ROWS, 128 * 729};

  private static final int CANDIDATES = 32;

  /** The least alignment of every operand: views begin at a row, and rows are multiples of 8 float16 numbers. */
  private static final int ALIGNMENT_BYTES = 16;

  private static final int[] ALIGNMENTS = {
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES
  };

  /** The algorithm for a shape, as its opaque numbers. */
  long[] choose(MatmulCall.Shape shape) {
    int found;
    try (MatmulDescriptors reference = descriptors(shape, REFERENCE_ROWS);
        cublasLtMatmulHeuristicResult_t results = new cublasLtMatmulHeuristicResult_t(CANDIDATES)) {
      found = heuristic(shape, reference, results);
      for (int i = 0; i < found; i++) {
        cublasLtMatmulHeuristicResult_t result = results.getPointer(i);
        if (result.state() == CUBLAS_STATUS_SUCCESS && addsInOneGo(result.algo()) && fitsAllRows(shape, result.algo())) {
          cublasLtMatmulAlgo_t chosen = result.algo();
          return IntStream.range(0, AlgorithmCache.NUMBERS).mapToLong(chosen::data).toArray();
        }
      }
    }
    throw new CudaException(Kind.FAILED, "cublasLtMatmulAlgoGetHeuristic", "CUBLAS_STATUS_NOT_SUPPORTED",
        "none of " + found + " algorithms for " + shape + " computes any number of rows without splitting sums");
  }

  /** Whether an algorithm, from a file for instance, is one that {@link #choose} could have chosen. */
  boolean acceptable(MatmulCall.Shape shape, cublasLtMatmulAlgo_t algorithm) {
    return addsInOneGo(algorithm) && fitsAllRows(shape, algorithm);
  }

  /** Bytes of workspace for these very rows and pitches, or nothing if the algorithm cannot compute them. */
  Optional<Long> workspace(MatmulDescriptors descriptors, cublasLtMatmulAlgo_t algorithm) {
    try (cublasLtMatmulHeuristicResult_t result = new cublasLtMatmulHeuristicResult_t()) {
      int answer = cublasLtMatmulAlgoCheck(handle, descriptors.operation, descriptors.weight, descriptors.x,
          descriptors.out, descriptors.out, algorithm, result);
      boolean possible = answer == CUBLAS_STATUS_SUCCESS
          && result.state() == CUBLAS_STATUS_SUCCESS && result.workspaceSize() <= workspaceBytes;
      return possible ? Optional.of(result.workspaceSize()) : Optional.empty();
    }
  }

  private MatmulDescriptors descriptors(MatmulCall.Shape shape, int rows) {
    return new MatmulDescriptors(status, shape, rows, shape.inputs(), shape.outputs());
  }

  private int heuristic(MatmulCall.Shape shape, MatmulDescriptors reference, cublasLtMatmulHeuristicResult_t results) {
    cublasLtMatmulPreferenceOpaque_t preference = createPreference();
    try {
      set(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, CUBLASLT_REDUCTION_SCHEME_NONE);
      for (int attribute : ALIGNMENTS) {
        set(preference, attribute, ALIGNMENT_BYTES);
      }
      try (LongPointer value = new LongPointer(1).put(workspaceBytes)) {
        set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, value, Long.BYTES);
      }
      int[] found = new int[1];
      status.check("cublasLtMatmulAlgoGetHeuristic",
          cublasLtMatmulAlgoGetHeuristic(handle, reference.operation, reference.weight, reference.x, reference.out,
              reference.out, preference, CANDIDATES, results, found),
          () -> REFERENCE_ROWS + " rows, " + shape);
      return found[0];
    } finally {
      status.check("cublasLtMatmulPreferenceDestroy", cublasLtMatmulPreferenceDestroy(preference));
    }
  }

  private cublasLtMatmulPreferenceOpaque_t createPreference() {
    try (PointerPointer<Pointer> created = new PointerPointer<>(1)) {
      status.check("cublasLtMatmulPreferenceCreate", cublasLtMatmulPreferenceCreate(created));
      return new cublasLtMatmulPreferenceOpaque_t(created.get());
    }
  }

  private void set(cublasLtMatmulPreferenceOpaque_t preference, int attribute, int value) {
    try (IntPointer pointer = new IntPointer(1).put(value)) {
      set(preference, attribute, pointer, Integer.BYTES);
    }
  }

  private void set(cublasLtMatmulPreferenceOpaque_t preference, int attribute, Pointer value, long bytes) {
    status.check("cublasLtMatmulPreferenceSetAttribute",
        cublasLtMatmulPreferenceSetAttribute(preference, attribute, value, bytes), () -> "attribute " + attribute);
  }

  /** The preference's mask asks for this; an algorithm that does otherwise would give results that depend on the batch. */
  private boolean addsInOneGo(cublasLtMatmulAlgo_t algorithm) {
    return config(algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM) <= 1
        && config(algorithm, CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME) == CUBLASLT_REDUCTION_SCHEME_NONE;
  }

  private int config(cublasLtMatmulAlgo_t algorithm, int attribute) {
    try (IntPointer value = new IntPointer(1).put(0); SizeTPointer written = new SizeTPointer(1)) {
      status.check("cublasLtMatmulAlgoConfigGetAttribute",
          cublasLtMatmulAlgoConfigGetAttribute(algorithm, attribute, value, Integer.BYTES, written),
          () -> "attribute " + attribute);
      return value.get();
    }
  }

  private boolean fitsAllRows(MatmulCall.Shape shape, cublasLtMatmulAlgo_t algorithm) {
    return Arrays.stream(PROBED_ROWS).allMatch(rows -> {
      try (MatmulDescriptors probe = descriptors(shape, rows)) {
        return workspace(probe, algorithm).isPresent();
      }
    });
  }
}
