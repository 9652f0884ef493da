package org.conceptclip.model;

import org.conceptclip.op.Epilogue;
import org.conceptclip.op.Ops;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.Tensor;

/** The projection to the concept space, which is the same in both towers: linear, GELU, linear. */
final class ProjectionHeads {
  private ProjectionHeads() {}

  /** Projects states [rows, inputs] to [rows, outputs], in the activation type. */
  static Tensor apply(Ops ops, Workspace workspace, String name, Tensor states, ModelWeights.ProjectionHead head) {
    Tensor hidden = workspace.buffer(name + ".hidden", workspace.activationType(), states.rows(), head.first().outputs());
    Tensor out = workspace.buffer(name + ".out", workspace.activationType(), states.rows(), head.second().outputs());
    ops.linear(states, head.first(), Epilogue.GELU, hidden);
    ops.linear(hidden, head.second(), Epilogue.NONE, out);
    return out;
  }
}
