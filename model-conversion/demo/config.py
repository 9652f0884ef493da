"""Hyper-parameters of the demo model, in the schema that the runtime reads. Head sizes 72 and 64 are those of the official model."""


def demo_config(vocabulary_size):
    side, patch, width, hidden, mlp = 80, 8, 144, 128, 432
    grid = side // patch
    return {
        "name": "demo",
        "vision": {"image_size": side, "patch_size": patch, "grid": grid, "tokens": grid * grid, "width": width, "depth": 3, "heads": 2,
                   "head_dim": 72, "mlp_ratio": 3.0, "mlp_hidden": mlp, "layer_norm_eps": 1e-6, "activation": "gelu_erf", "qkv_bias": True,
                   "class_token": False, "pool": "map", "pool_heads": 2, "pool_latents": 1, "pool_mlp_hidden": mlp},
        "text": {"hidden": hidden, "layers": 2, "heads": 2, "head_dim": 64, "intermediate": 512, "vocab": vocabulary_size, "max_position": 77,
                 "type_vocab": 2, "layer_norm_eps": 1e-12, "activation": "gelu_erf", "pad_id": 0, "cls_id": 2, "sep_id": 3, "pooler": "mean",
                 "proj": "linear_nobias", "padded_length": 77},
        "embed_dim": width,
        "image_proj": [width, width, width], "text_proj": [hidden, width, width], "proj_activation": "gelu_erf", "proj_bias": False,
        # Where training starts; the exported configuration holds the trained values.
        "logit_scale": 2.3, "logit_bias": -4.0, "concept_logit_scale": 2.3, "concept_logit_bias": -4.0,
        "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
    }
