package org.conceptclip.model;

/**
 * Hyper-parameters of the text tower, a BERT encoder with mean pooling.
 *
 * @param width columns of a token
 * @param depth layers
 * @param heads attention heads; divides width
 * @param mlpHidden columns inside a layer's MLP
 * @param vocabulary rows of the word table
 * @param maxPositions rows of the position table
 * @param tokenTypes rows of the token-type table, of which the first is used
 * @param layerNormEpsilon of every LayerNorm
 * @param paddingId token id that is masked out
 * @param contextLength tokens a text is cut to, by default
 */
public record TextConfig(
    int width,
    int depth,
    int heads,
    int mlpHidden,
    int vocabulary,
    int maxPositions,
    int tokenTypes,
    double layerNormEpsilon,
    int paddingId,
    int contextLength) {}
