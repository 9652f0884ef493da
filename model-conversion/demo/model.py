"""ConceptCLIP in PyTorch, written for training the demo: parameters carry the names of the official checkpoint.

Vision: pre-norm ViT without class token, attention pool with a latent query. Text: post-norm BERT, mean over the tokens.
"""
import torch
import torch.nn.functional as F
from torch import nn

VISION_EPS, TEXT_EPS = 1e-6, 1e-12


def attend(q, k, v, heads, mask=None):
    """Softmax attention. q [B, N, C], k and v [B, M, C]; mask [B, M], true where a key may be seen."""
    def split(t):
        return t.view(t.shape[0], t.shape[1], heads, -1).transpose(1, 2)
    q, k, v = split(q), split(k), split(v)
    scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    if mask is not None:
        scores = scores.masked_fill(~mask[:, None, None, :], float("-inf"))
    return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)


class Mlp(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class VisionAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        return self.proj(attend(*self.qkv(x).chunk(3, -1), self.heads))


class VisionBlock(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width, VISION_EPS), VisionAttention(width, heads)
        self.norm2, self.mlp = nn.LayerNorm(width, VISION_EPS), Mlp(width, hidden)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class AttentionPool(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.heads = heads
        self.latent = nn.Parameter(torch.randn(1, 1, width) * width ** -0.5)
        self.q, self.kv, self.proj = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)
        self.norm, self.mlp = nn.LayerNorm(width, VISION_EPS), Mlp(width, hidden)

    def forward(self, x):
        query = self.q(self.latent.expand(len(x), -1, -1))
        pooled = self.proj(attend(query, *self.kv(x).chunk(2, -1), self.heads))
        return (pooled + self.mlp(self.norm(pooled)))[:, 0]


class VisionTrunk(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, c["width"], c["patch_size"], c["patch_size"])
        self.pos_embed = nn.Parameter(torch.randn(1, c["tokens"], c["width"]) * 0.02)
        self.blocks = nn.ModuleList(VisionBlock(c["width"], c["heads"], c["mlp_hidden"]) for _ in range(c["depth"]))
        self.norm = nn.LayerNorm(c["width"], VISION_EPS)
        self.attn_pool = AttentionPool(c["width"], c["pool_heads"], c["pool_mlp_hidden"])

    def forward(self, pixels):
        """pixels [B, 3, S, S] -> (image feature [B, C], patch tokens [B, N, C])."""
        x = self.patch_embed.proj(pixels).flatten(2).transpose(1, 2) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        return self.attn_pool(x), x


def module(**children):
    """A bare container: it only gives its children the names of the checkpoint."""
    holder = nn.Module()
    for name, child in children.items():
        setattr(holder, name, child)
    return holder


class BertLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        hidden, wide = c["hidden"], c["intermediate"]
        self.heads = c["heads"]
        self.attention = module(self=module(query=nn.Linear(hidden, hidden), key=nn.Linear(hidden, hidden), value=nn.Linear(hidden, hidden)),
                                output=module(dense=nn.Linear(hidden, hidden), LayerNorm=nn.LayerNorm(hidden, TEXT_EPS)))
        self.intermediate = module(dense=nn.Linear(hidden, wide))
        self.output = module(dense=nn.Linear(wide, hidden), LayerNorm=nn.LayerNorm(hidden, TEXT_EPS))

    def forward(self, x, mask):
        own, out = getattr(self.attention, "self"), self.attention.output
        x = out.LayerNorm(x + out.dense(attend(own.query(x), own.key(x), own.value(x), self.heads, mask)))
        return self.output.LayerNorm(x + self.output.dense(F.gelu(self.intermediate.dense(x))))


class TextTower(nn.Module):
    def __init__(self, c, embed_dim):
        super().__init__()
        hidden = c["hidden"]
        embeddings = module(word_embeddings=nn.Embedding(c["vocab"], hidden), position_embeddings=nn.Embedding(c["max_position"], hidden),
                            token_type_embeddings=nn.Embedding(c["type_vocab"], hidden), LayerNorm=nn.LayerNorm(hidden, TEXT_EPS))
        self.transformer = module(embeddings=embeddings, encoder=module(layer=nn.ModuleList(BertLayer(c) for _ in range(c["layers"]))))
        self.proj = nn.Linear(hidden, embed_dim, bias=False)
        for table in (embeddings.word_embeddings, embeddings.position_embeddings, embeddings.token_type_embeddings):
            nn.init.normal_(table.weight, std=0.05)

    def forward(self, ids):
        """ids [B, L], 0 = padding -> (text feature [B, E], token features [B, L, C])."""
        e, mask = self.transformer.embeddings, ids != 0
        x = e.word_embeddings(ids) + e.position_embeddings.weight[:ids.shape[1]] + e.token_type_embeddings.weight[0]
        x = e.LayerNorm(x)
        for layer in self.transformer.encoder.layer:
            x = layer(x, mask)
        kept = mask[:, :, None].to(x.dtype)
        return self.proj((x * kept).sum(1) / kept.sum(1)), x


def head(widths):
    return nn.Sequential(nn.Linear(widths[0], widths[1], bias=False), nn.GELU(), nn.Linear(widths[1], widths[2], bias=False))


class ConceptClip(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.visual = module(trunk=VisionTrunk(config["vision"]))
        self.text = TextTower(config["text"], config["embed_dim"])
        self.image_proj, self.text_proj = head(config["image_proj"]), head(config["text_proj"])
        for name in ("logit_scale", "logit_bias", "concept_logit_scale", "concept_logit_bias"):
            setattr(self, name, nn.Parameter(torch.tensor(float(config[name]))))

    def image(self, pixels):
        """(unit image features [B, E], unit projected patches [B, N, E])."""
        feature, tokens = self.visual.trunk(pixels)
        return F.normalize(feature, dim=-1), F.normalize(self.image_proj(tokens), dim=-1)

    def sentence(self, ids):
        """(unit text features [B, E], projected tokens [B, L, E], not normalised: concepts are means over them)."""
        feature, tokens = self.text(ids)
        return F.normalize(feature, dim=-1), self.text_proj(tokens)
