"""BERT's tokenization (lower-casing, accents stripped, punctuation split, greedy WordPiece) with character offsets."""
import string
import unicodedata

PAD, UNK, CLS, SEP = 0, 1, 2, 3
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
# Endings and stems that let words outside the captions split into something better than letters.
PIECES = ["##s", "##es", "##ed", "##ing", "##al", "##ic", "##ous", "##oma", "##omas", "##itis", "##graph", "##graphs", "##graphy", "##gram", "##scopy", "##scopic",
          "##logy", "##logic", "##ary", "##ar", "##tion", "##er", "##or", "##our", "##cyte", "##cytes", "##emia", "##aemia", "##rrhage", "##megaly", "##thorax",
          "radio", "sono", "ultra", "echo", "dermo", "dermato", "histo", "patho", "hemo", "haemo", "cardio", "pneumo", "micro", "neuro", "retino", "angio", "carcino", "mela", "lym"]
WORDS = ["a", "an", "and", "at", "by", "for", "from", "in", "is", "no", "not", "of", "on", "or", "the", "to", "with", "without", "left", "right", "upper", "lower", "lobe", "patient", "scan",
         "image", "images", "photo", "picture", "showing", "medical", "clinical", "human", "male", "female", "acute", "chronic", "mass", "lesion", "lesions", "cell", "cells", "spot", "eye",
         "head", "belly", "stomach", "thorax", "slide", "stain", "stained", "section", "microscope", "microscopy", "x", "ray", "rays", "nodules", "tumours", "tumors", "cysts", "stones", "hemorrhages"]


def is_punctuation(c):
    return c in string.punctuation or unicodedata.category(c).startswith("P")


def words_with_offsets(text):
    """Lower-cased words and single punctuation marks: (word, first character, end character) in the given text."""
    words, start = [], None
    for at, c in enumerate(text):
        boundary = c.isspace() or is_punctuation(c)
        if boundary and start is not None:
            words.append((start, at))
            start = None
        if is_punctuation(c):
            words.append((at, at + 1))
        elif not boundary and start is None:
            start = at
    if start is not None:
        words.append((start, len(text)))
    for first, end in words:
        plain = unicodedata.normalize("NFD", text[first:end].lower())
        yield "".join(c for c in plain if unicodedata.category(c) != "Mn"), first, end


def build_vocabulary(texts):
    """Specials, every printable ASCII mark alone and as a continuation, then whole words and pieces in alphabetical order."""
    marks = sorted(set(string.digits + string.ascii_lowercase + string.punctuation))
    known = SPECIALS + marks + ["##" + mark for mark in marks if mark.isalnum()]
    words = {word for text in texts for word, _, _ in words_with_offsets(text)} | set(PIECES) | set(WORDS)
    return known + sorted(words - set(known))


class Tokenizer:
    def __init__(self, vocabulary, max_tokens=77):
        self.ids = {token: i for i, token in enumerate(vocabulary)}
        self.max_tokens = max_tokens

    def pieces(self, word):
        """Greedy longest match first; a word with a character outside the vocabulary is [UNK] as a whole."""
        found, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else "##" + word[start:end]
                if piece in self.ids:
                    found.append(self.ids[piece])
                    start = end
                    break
            else:
                return [UNK]
        return found

    def encode(self, text):
        """(ids with [CLS] and [SEP], for each id its (first, end) characters; (0, 0) for the two specials)."""
        ids, offsets = [CLS], [(0, 0)]
        for word, first, end in words_with_offsets(text):
            for piece in self.pieces(word):
                ids.append(piece)
                offsets.append((first, end))
        keep = self.max_tokens - 1
        return ids[:keep] + [SEP], offsets[:keep] + [(0, 0)]
