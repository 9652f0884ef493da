package org.conceptclip.weights;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;

/**
 * Renames a canonical checkpoint to what Hugging Face's SigLIP vision model and BERT model would store, with separate
 * query, key and value. Written by hand from those models' attribute names, in the opposite direction of the reader.
 */
final class HuggingFaceNames {
  private HuggingFaceNames() {}

  static SequencedMap<String, HostTensor> rename(SequencedMap<String, HostTensor> canonical) {
    SequencedMap<String, HostTensor> renamed = new LinkedHashMap<>();
    for (String name : canonical.keySet()) {
      HostTensor tensor = canonical.get(name);
      if (name.startsWith("visual.trunk.blocks.")) {
        block(renamed, name, tensor);
      } else if (name.startsWith("visual.trunk.")) {
        visionOutsideBlocks(renamed, canonical, name.substring("visual.trunk.".length()), tensor);
      } else if (name.startsWith("text.transformer.")) {
        renamed.put("text_model.bert." + name.substring("text.transformer.".length()), tensor);
      } else if (name.equals("text.proj.weight")) {
        renamed.put("text_projection.weight", tensor);
      } else {
        renamed.put(name, tensor);
      }
    }
    HostTensor buffer = HostTensor.view(DType.I64, Shape.of(1), MemorySegment.ofArray(new byte[8]));
    renamed.put("vision_model.embeddings.position_ids", buffer);
    renamed.put("text_model.bert.embeddings.position_ids", buffer);
    renamed.put("text_model.bert.pooler.dense.weight", buffer);
    renamed.put("text_model.cls.predictions.bias", buffer);
    return renamed;
  }

  private static void block(SequencedMap<String, HostTensor> renamed, String name, HostTensor tensor) {
    String[] parts = name.split("\\.", 5);
    String layer = "vision_model.encoder.layers." + parts[3] + ".";
    String rest = parts[4];
    String kind = rest.substring(rest.lastIndexOf('.'));
    switch (rest.substring(0, rest.lastIndexOf('.'))) {
      case "attn.qkv" -> {
        renamed.put(layer + "self_attn.k_proj" + kind, third(tensor, 1));
        renamed.put(layer + "self_attn.v_proj" + kind, third(tensor, 2));
        renamed.put(layer + "self_attn.q_proj" + kind, third(tensor, 0));
      }
      case "attn.proj" -> renamed.put(layer + "self_attn.out_proj" + kind, tensor);
      case "norm1" -> renamed.put(layer + "layer_norm1" + kind, tensor);
      case "norm2" -> renamed.put(layer + "layer_norm2" + kind, tensor);
      default -> renamed.put(layer + rest, tensor);
    }
  }

  private static void visionOutsideBlocks(
      SequencedMap<String, HostTensor> renamed, SequencedMap<String, HostTensor> canonical, String name, HostTensor tensor) {
    String root = "vision_model.";
    switch (name) {
      case "pos_embed" ->
          renamed.put(root + "embeddings.position_embedding.weight", tensor.reshape(tensor.shape().extent(1), tensor.shape().extent(2)));
      case "patch_embed.proj.weight" -> renamed.put(root + "embeddings.patch_embedding.weight", tensor);
      case "patch_embed.proj.bias" -> renamed.put(root + "embeddings.patch_embedding.bias", tensor);
      case "norm.weight" -> renamed.put(root + "post_layernorm.weight", tensor);
      case "norm.bias" -> renamed.put(root + "post_layernorm.bias", tensor);
      case "attn_pool.latent" -> renamed.put(root + "head.probe", tensor);
      case "attn_pool.q.weight" ->
          renamed.put(root + "head.attention.in_proj_weight", stacked(tensor, canonical.get("visual.trunk.attn_pool.kv.weight")));
      case "attn_pool.q.bias" ->
          renamed.put(root + "head.attention.in_proj_bias", stacked(tensor, canonical.get("visual.trunk.attn_pool.kv.bias")));
      case "attn_pool.kv.weight", "attn_pool.kv.bias" -> {}
      default ->
          renamed.put(
              root + name.replace("attn_pool.proj", "head.attention.out_proj").replace("attn_pool.norm", "head.layernorm").replace("attn_pool.mlp", "head.mlp"),
              tensor);
    }
  }

  private static HostTensor third(HostTensor tensor, int which) {
    long[] extents = tensor.shape().toArray();
    extents[0] /= 3;
    long bytes = tensor.byteSize() / 3;
    return HostTensor.view(tensor.dtype(), Shape.of(extents), tensor.data().asSlice(which * bytes, bytes));
  }

  private static HostTensor stacked(HostTensor first, HostTensor second) {
    byte[] bytes = new byte[Math.toIntExact(first.byteSize() + second.byteSize())];
    first.data().asByteBuffer().get(bytes, 0, (int) first.byteSize());
    second.data().asByteBuffer().get(bytes, (int) first.byteSize(), (int) second.byteSize());
    long[] extents = first.shape().toArray();
    extents[0] += second.shape().extent(0);
    return HostTensor.view(first.dtype(), Shape.of(extents), MemorySegment.ofArray(bytes));
  }
}
