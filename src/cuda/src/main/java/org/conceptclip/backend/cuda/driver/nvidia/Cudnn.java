package org.conceptclip.backend.cuda.driver.nvidia;

import static org.bytedeco.cuda.global.cudnn.*;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.global.cudnn;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.AttentionCall;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.nvidia.OptionalLibrary.Absence;
import org.conceptclip.util.Closer;

/**
 * Attention through cuDNN's graph API: one engine per kind of attention, a plan per shape. Thread-safe; the context must be current.
 *
 * <p>The engine is the first that the heuristic proposes and that adds in one order always, in float32. Every other shape of the same kind
 * gets the same engine with the same settings, so that a row's bits do not depend on the batch; {@code tune} looks whether that is so
 * before it chooses cuDNN. A plan takes up to a second, in which cuDNN compiles.
 */
final class Cudnn implements AutoCloseable {
  private static final int MAJOR = 9;

  /** Batch sizes are powers of two and texts come in few sizes, so a busy server has about a dozen. */
  private static final int MAX_PLANS = 64;

  /** What no engine may do: add in an order that changes, add in less than float32, or take inputs as less than they are. */
  private static final Set<Integer> REFUSED_NOTES = Set.of(CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC,
      CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS);

  private record Knob(int type, long value) {}

  private record Engine(long index, List<Knob> knobs) {}

  private record Plan(CudnnAttention attention, CudnnDescriptor plan, Closer owned) {}

  private final CudnnStatus status;
  private final long workspaceBytes;
  private final cudnnContext handle = new cudnnContext();
  private final Map<AttentionCall.Kind, Engine> engines = new HashMap<>();
  private final LinkedHashMap<AttentionCall.Shape, Plan> plans = new LinkedHashMap<>(16, 0.75f, true);

  /**
   * cuDNN of a device, when somebody asks for it.
   *
   * @param folder to look in instead of the usual places, if named
   * @param notices gets a line if there is one that cannot be used
   */
  static OptionalLibrary<Cudnn> optional(CudaStatus status, Optional<Path> folder, Consumer<String> notices) {
    return new OptionalLibrary<>("cuDNN", () -> load(folder), () -> new Cudnn(new CudnnStatus(status), CublasLt.WORKSPACE_BYTES), notices);
  }

  private static Optional<Absence> load(Optional<Path> folder) {
    CudaLibraries.AttentionLibrary library = CudaLibraries.attentionLibrary(folder);
    if (library.absence().isPresent()) {
      return library.absence().map(absence -> new Absence(absence, false));
    }
    try {
      CudaBindings.load(cudnn.class, "cuDNN", library.found(), () -> cudnnGetVersion() / 10_000 == MAJOR
          ? Optional.empty()
          : Optional.of("the library says that it is " + version() + ", and this build calls cuDNN " + MAJOR));
      return Optional.empty();
    } catch (BackendUnavailableException e) {
      return Optional.of(new Absence(e.getMessage(), true));
    }
  }

  /** @param workspaceBytes that calls come with; engines that need more are not chosen */
  Cudnn(CudnnStatus status, long workspaceBytes) {
    this.status = status;
    this.workspaceBytes = workspaceBytes;
    try {
      status.check("cudnnCreate", cudnnCreate(handle));
    } catch (RuntimeException e) {
      handle.close();
      throw e;
    }
  }

  /** For example {@code cuDNN 9.19.0}. */
  static String version() {
    long version = cudnnGetVersion();
    return "cuDNN " + version / 10_000 + "." + version % 10_000 / 100 + "." + version % 100;
  }

  /** Queues attention; no other stream uses the workspace. */
  synchronized void attention(AttentionCall call, long stream, long workspace) {
    Plan plan = plans.get(call.shape());
    if (plan == null) {
      plan = newPlan(call.shape());
      plans.put(call.shape(), plan);
      if (plans.size() > MAX_PLANS) {
        plans.pollFirstEntry().getValue().owned().close();
      }
    }
    status.check("cudnnSetStream", cudnnSetStream(handle, new CUstream_st(new RawPointer(stream))));
    try (CudnnDescriptor addresses = plan.attention().addresses(call, workspace)) {
      status.check("cudnnBackendExecute", cudnnBackendExecute(handle, plan.plan().pointer(), addresses.pointer()),
          () -> call.shape().toString());
    }
  }

  private Plan newPlan(AttentionCall.Shape shape) {
    Closer owned = new Closer();
    try {
      CudnnAttention attention = owned.own(new CudnnAttention(status, handle, shape));
      Engine known = engines.get(shape.kind());
      if (known != null) {
        return new Plan(attention, plan(attention, known, owned), owned);
      }
      return firstPlan(attention, shape, owned);
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  /** A plan of the first engine that can be used, which is the kind's from now on. */
  private Plan firstPlan(CudnnAttention attention, AttentionCall.Shape shape, Closer owned) {
    List<String> refused = new ArrayList<>();
    for (Engine engine : proposed(attention)) {
      Closer attempt = new Closer();
      try {
        CudnnDescriptor plan = plan(attention, engine, attempt);
        engines.put(shape.kind(), engine);
        owned.own(attempt::close);
        return new Plan(attention, plan, owned);
      } catch (CudaException e) {
        attempt.closeAfter(e);
        if (e.kind() != Kind.FAILED) {
          throw e;
        }
        refused.add("engine " + engine.index() + ": " + e.getMessage());
      }
    }
    throw new CudaException(Kind.FAILED, "cudnnBackendFinalize", "CUDNN_STATUS_NOT_SUPPORTED",
        "no engine computes " + shape + "; tried " + refused);
  }

  /** The heuristic's engines in its order, without those that may not be used. */
  private List<Engine> proposed(CudnnAttention attention) {
    List<Engine> engines = new ArrayList<>();
    try (Closer temporary = new Closer()) {
      CudnnDescriptor heuristic = temporary.own(new CudnnDescriptor(status, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, "heuristic"))
          .descriptors(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, attention.graph)
          .number(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, CUDNN_HEUR_MODE_A)
          .finalised();
      int count = Math.toIntExact(heuristic.countOf(CUDNN_ATTR_ENGINEHEUR_RESULTS));
      for (CudnnDescriptor config : heuristic.descriptorsOf(
          CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, "configuration", count, temporary)) {
        CudnnDescriptor engine =
            config.descriptorsOf(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR, "engine", 1, temporary).getFirst();
        List<Integer> notes =
            engine.numbersOf(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
        if (notes.stream().noneMatch(REFUSED_NOTES::contains)) {
          engines.add(new Engine(engine.longOf(CUDNN_ATTR_ENGINE_GLOBAL_INDEX), knobs(config, temporary)));
        }
      }
    }
    return engines;
  }

  private static List<Knob> knobs(CudnnDescriptor config, Closer temporary) {
    List<CudnnDescriptor> choices = config.descriptorsOf(
        CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR, "knob", CUDNN_KNOB_TYPE_COUNTS, temporary);
    return choices.stream()
        .map(choice -> new Knob(choice.numbersOf(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1).getFirst(),
            choice.longOf(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE)))
        .toList();
  }

  private CudnnDescriptor plan(CudnnAttention attention, Engine engine, Closer owned) {
    CudnnDescriptor chosen = descriptor(owned, CUDNN_BACKEND_ENGINE_DESCRIPTOR, "engine " + engine.index())
        .descriptors(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, attention.graph)
        .longs(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, engine.index())
        .finalised();
    CudnnDescriptor[] knobs = engine.knobs().stream()
        .map(knob -> descriptor(owned, CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR, "knob " + knob.type())
            .number(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, knob.type())
            .longs(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, knob.value())
            .finalised())
        .toArray(CudnnDescriptor[]::new);
    CudnnDescriptor config = descriptor(owned, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, "configuration of engine " + engine.index())
        .descriptors(CUDNN_ATTR_ENGINECFG_ENGINE, chosen);
    if (knobs.length > 0) {
      config.descriptors(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, knobs);
    }
    CudnnDescriptor plan = descriptor(owned, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, "plan of engine " + engine.index())
        .handle(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, handle)
        .descriptors(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config.finalised())
        .finalised();
    long needed = plan.longOf(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE);
    if (needed > workspaceBytes) {
      throw new CudaException(Kind.FAILED, "cudnnBackendFinalize", "CUDNN_STATUS_NOT_SUPPORTED",
          needed + " bytes of workspace, there are " + workspaceBytes);
    }
    return plan;
  }

  private CudnnDescriptor descriptor(Closer owned, int type, String name) {
    return owned.own(new CudnnDescriptor(status, type, name));
  }

  @Override
  public synchronized void close() {
    try (Closer owned = new Closer()) {
      owned.own(handle, () -> status.release("cudnnDestroy", cudnnDestroy(handle)));
      plans.values().forEach(plan -> owned.own(plan.owned()::close));
      plans.clear();
    }
  }
}
